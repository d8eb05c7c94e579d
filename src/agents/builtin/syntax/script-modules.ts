/** Imports and exports of TypeScript and JavaScript: modules, CommonJS, dynamic imports. */
import type { TreeNode } from './flat-tree.ts';
import {
  type Definition,
  type ExportFact,
  type ImportFact,
  placeOf,
  type SyntaxNode,
  unquoted,
} from './grammar.ts';

/** Every form that names a module by a literal: `import`, `export ... from`, `require("m")`, `import("m")`. */
export function importsOfScript({ kind, syntax, line }: SyntaxNode): ImportFact[] {
  if (kind === 'call_expression') return calledImport(syntax, line);
  if (kind !== 'import_statement' && kind !== 'export_statement') return [];
  const source = syntax.field('source') ?? requiredModule(syntax);
  if (source === null) return [];
  const names = kind === 'import_statement' ? importedNames(syntax) : reexportedNames(syntax);
  const namespace = syntax.findAll('namespace_import')[0]?.childOf('identifier')?.text();
  const typeOnly = syntax.children()[1]?.text() === 'type';
  return [
    {
      module: unquoted(source),
      ...(names.length === 0 ? {} : { names }),
      ...(namespace === undefined ? {} : { as: namespace }),
      line,
      ...(typeOnly ? { typeOnly } : {}),
    },
  ];
}

function calledImport(call: TreeNode, line: number): ImportFact[] {
  const argument = call.field('arguments')?.namedChildren()[0];
  return argument?.kind() === 'string' ? [{ module: unquoted(argument), line }] : [];
}

/** `import a = require("m")`. */
function requiredModule(statement: TreeNode): TreeNode | null {
  const clause = statement.namedChildren().find((child) => child.is('import_require_clause'));
  return (
    clause?.field('source') ?? clause?.namedChildren().find((child) => child.is('string')) ?? null
  );
}

function importedNames(statement: TreeNode): string[] {
  const clause = statement.namedChildren().find((child) => child.is('import_clause'));
  return (clause?.namedChildren() ?? []).flatMap((part) => {
    if (part.is('identifier')) return ['default'];
    if (part.is('namespace_import')) return ['*'];
    return specifiers(part, 'import_specifier').map((found) => found.field('name')?.text() ?? '');
  });
}

function reexportedNames(statement: TreeNode): string[] {
  const clause = statement.namedChildren().find((child) => child.is('export_clause'));
  if (clause === undefined) return ['*'];
  return specifiers(clause, 'export_specifier').map((found) => found.field('name')?.text() ?? '');
}

function specifiers(list: TreeNode, kind: string): TreeNode[] {
  return list.namedChildren().filter((child) => child.is(kind));
}

/** What a file gives to others, in file order. `definitions` say of what kind a name is. */
export function exportsOfScript(
  nodes: readonly SyntaxNode[],
  definitions: readonly Definition[],
): ExportFact[] {
  return nodes.flatMap((node) => {
    if (node.kind === 'assignment_expression') return commonJsExports(node.syntax, definitions);
    const isOfModule = node.kind === 'export_statement' && node.parent === undefined;
    return isOfModule ? exportStatement(node, definitions) : [];
  });
}

function exportStatement(node: SyntaxNode, definitions: readonly Definition[]): ExportFact[] {
  const { syntax, line } = node;
  const isDefault = syntax.children().some((child) => child.kind() === 'default');
  if (isDefault) return [{ name: 'default', kind: kindOfDefault(syntax), line }];
  const declaration = syntax.field('declaration');
  if (declaration !== null) return declared(node, definitions);
  const clause = syntax.namedChildren().find((child) => child.is('export_clause'));
  const isReexport = syntax.field('source') !== null;
  if (clause !== undefined) {
    return specifiers(clause, 'export_specifier').map((found) =>
      specified(found, isReexport, definitions),
    );
  }
  if (!isReexport) return [{ name: 'default', kind: 'name', line }]; // `export = value`
  const namespace = syntax.namedChildren().find((child) => child.is('namespace_export'));
  const name = namespace?.namedChildren()[0]?.text() ?? '*';
  return [{ name, kind: 'reexport', line }];
}

function kindOfDefault(statement: TreeNode): ExportFact['kind'] {
  const kind = (statement.field('declaration') ?? statement.field('value'))?.kind() ?? '';
  if (/function/.test(kind)) return 'function';
  if (/class/.test(kind)) return 'class';
  return kind === 'interface_declaration' ? 'interface' : 'name';
}

/** The definitions that stand directly in the statement: those of the outermost declaration alone. */
function declared(node: SyntaxNode, definitions: readonly Definition[]): ExportFact[] {
  const declaration = node.syntax.field('declaration');
  if (declaration === null) return [];
  const names = declaredNames(declaration);
  return names.flatMap((name) => {
    const place = placeOf(name);
    const known = definitions.find(
      ({ line, column }) => line === place.line && column === place.column,
    );
    return [{ name: name.text(), kind: known?.kind ?? 'name', line: place.line }];
  });
}

function declaredNames(declaration: TreeNode): TreeNode[] {
  if (declaration.is('ambient_declaration'))
    return declaration.namedChildren().flatMap(declaredNames);
  const own = declaration.field('name');
  if (own !== null) return [own];
  return specifiers(declaration, 'variable_declarator').flatMap((declarator) => {
    const name = declarator.field('name');
    if (name === null || name.is('identifier')) return name === null ? [] : [name];
    return name.findAll('identifier', 'shorthand_property_identifier_pattern');
  });
}

function specified(
  found: TreeNode,
  isReexport: boolean,
  definitions: readonly Definition[],
): ExportFact {
  const local = found.field('name')?.text() ?? '';
  const name = (found.field('alias') ?? found.field('name'))?.text() ?? '';
  const known = definitions.find((definition) => definition.name === local);
  return {
    name,
    kind: isReexport ? 'reexport' : (known?.kind ?? 'name'),
    line: placeOf(found).line,
  };
}

/** `exports.a = ...`, `module.exports.a = ...`, `module.exports = {a, b: ...}`, `module.exports = ...`. */
function commonJsExports(assignment: TreeNode, definitions: readonly Definition[]): ExportFact[] {
  const left = assignment.field('left')?.text() ?? '';
  const right = assignment.field('right');
  const match = /^(?:module\.)?exports(?:\.([\w$]+))?$/.exec(left);
  if (match === null || right === null) return [];
  const { line } = placeOf(assignment);
  const fact = (name: string, at: number): ExportFact => ({
    name,
    kind: definitions.find((definition) => definition.name === name)?.kind ?? 'name',
    line: at,
  });
  if (match[1] !== undefined) {
    const isFunction = /function/.test(right.kind());
    return [isFunction ? { name: match[1], kind: 'function', line } : fact(match[1], line)];
  }
  if (!right.is('object')) return [{ name: 'default', kind: kindOfValue(right), line }];
  const keys = right.namedChildren().flatMap((child) => {
    const key = child.field('key') ?? child.field('name') ?? child;
    return child.is('spread_element') || child.is('comment') ? [] : [key];
  });
  return keys.map((key) => fact(unquoted(key), placeOf(key).line));
}

function kindOfValue(value: TreeNode): ExportFact['kind'] {
  const kind = value.kind();
  if (/function/.test(kind)) return 'function';
  return kind === 'class' ? 'class' : 'name';
}
