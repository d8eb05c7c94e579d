/** The address of a server as it is given: it may hold a user and a password, which nobody else must see. */

/** What stands before the `@` of each address. */
export const USER_INFO = /(^|\/\/)([^@/,]*)@/g;

/** The URL as it may be shown, logged and stored. */
export function withoutCredentials(url: string): string {
  return url.replace(USER_INFO, '$1');
}
