/** `troupe completion`: scripts for shells. They ask `troupe completion words` what may come next. */
import type { Command, CommandContext } from '../command.ts';
import { jsonOption } from '../common-options.ts';
import { type Candidate, complete } from '../complete.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';

/** How many of the newest runs are offered. */
const MAX_RUNS = 30;

const bash = `# troupe completion for bash: eval "$(troupe completion bash)"
_troupe() {
  local IFS=$'\\n' line current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  for line in $("\${COMP_WORDS[0]}" completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
    case "$line" in
      :files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$current")) ;;
      :folders) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- "$current")) ;;
      :runs) COMPREPLY+=($(compgen -W "$("\${COMP_WORDS[0]}" runs list --ids --limit ${MAX_RUNS} 2>/dev/null)" -- "$current")) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done
}
complete -F _troupe troupe`;

const zsh = `#compdef troupe
# troupe completion for zsh: eval "$(troupe completion zsh)" after compinit
_troupe() {
  local line
  local -a found
  for line in "\${(@f)$("\${words[1]}" completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      :files) _files ;;
      :folders) _files -/ ;;
      :runs) compadd -- \${(f)"$("\${words[1]}" runs list --ids --limit ${MAX_RUNS} 2>/dev/null)"} ;;
      *) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( \${#found} )) && _describe 'troupe' found
}
compdef _troupe troupe`;

const fish = `# troupe completion for fish: troupe completion fish | source
function __troupe_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] completion words -- $words[2..-1] 2>/dev/null)
    switch $line
      case :files
        __fish_complete_path (commandline -ct)
      case :folders
        __fish_complete_directories (commandline -ct)
      case :runs
        $words[1] runs list --ids --limit ${MAX_RUNS} 2>/dev/null
      case '*'
        echo $line
    end
  end
end
complete -c troupe -f -a '(__troupe_complete)'`;

const powershell = `# troupe completion for PowerShell: troupe completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName troupe -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '""' }
  foreach ($line in (& troupe completion words '--' @words 2>$null)) {
    if ($line -eq ':files') { Get-ChildItem "$wordToComplete*" -Name }
    elseif ($line -eq ':folders') { Get-ChildItem "$wordToComplete*" -Name -Directory }
    elseif ($line -eq ':runs') { & troupe runs list --ids --limit ${MAX_RUNS} 2>$null | Where-Object { $_ -like "$wordToComplete*" } }
    else {
      $parts = $line -split "\`t", 2
      $tip = if ($parts.Count -gt 1 -and $parts[1]) { $parts[1] } else { $parts[0] }
      [System.Management.Automation.CompletionResult]::new($parts[0], $parts[0], 'ParameterValue', $tip)
    }
  }
}`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish, powershell };

export const completionCommand: Command = {
  summary: 'Print a script that completes commands, options and run ids in a shell',
  words: ['shell', '[words]...'],
  choices: Object.keys(scripts),
  options: jsonOption,
  notes: [
    'Shells: bash, zsh, fish, powershell. The script asks this command again at each Tab, so it is never out of date.',
    'It completes the command `troupe` where that is on the PATH; a shell does not see it behind `npx`.',
    'Words are for the script: `troupe completion words -- runs w` prints what may come next.',
  ],
  examples: [
    ['eval "$(troupe completion bash)"', 'In ~/.bashrc; the same with zsh in ~/.zshrc'],
    ['troupe completion fish | source', 'In ~/.config/fish/config.fish'],
    [
      'troupe completion powershell | Out-String | Invoke-Expression',
      'In the profile of PowerShell',
    ],
  ],
  run: print,
};

async function print({ arguments: given, terminal, commands }: CommandContext): Promise<number> {
  const [shell = '', ...words] = given.words;
  const isJson = given.flag('json');
  if (shell === 'words') {
    // PowerShell cannot pass an empty word
    const typed = words.map((word) => (word === '""' ? '' : word));
    const candidates = await complete(typed, commands);
    if (isJson) terminal.printJson({ candidates });
    else for (const candidate of candidates) terminal.print(lineOf(candidate));
    return exitCodes.done;
  }
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined || words.length > 0) {
    const { didYouMean } = await import('../../workflow/suggest.ts');
    const known = Object.keys(scripts);
    throw new UsageError(
      script === undefined
        ? `there is no completion for ${shell}`
        : `"${words[0]}" is one argument too many`,
      didYouMean(shell, known, `Shells are ${known.join(', ')}.`),
    );
  }
  if (isJson) terminal.printJson({ shell, script });
  else terminal.print(script);
  return exitCodes.done;
}

function lineOf(candidate: Candidate): string {
  if ('ask' in candidate) return `:${candidate.ask}`;
  return candidate.description === ''
    ? candidate.word
    : `${candidate.word}\t${candidate.description}`;
}
