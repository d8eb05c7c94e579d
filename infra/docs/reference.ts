/** The pages that are made from the sources, by path: docs/reference and the patterns. */
import { agentsPage } from './agents-page.ts';
import { commandsPage } from './commands-page.ts';
import { errorsPage } from './errors-page.ts';
import { eventsPage } from './events-page.ts';
import { languagePage } from './language-page.ts';
import { messagesPage } from './messages-page.ts';
import { patternsPage } from './patterns-page.ts';
import { settingsPage } from './settings-page.ts';

export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['docs/reference/workflow-fields.md', languagePage()],
    ['docs/reference/agents.md', agentsPage()],
    ['docs/reference/commands.md', await commandsPage()],
    ['docs/reference/settings.md', await settingsPage()],
    ['docs/reference/messages.md', messagesPage()],
    ['docs/reference/events.md', eventsPage()],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/patterns.md', patternsPage()],
  ]);
}
