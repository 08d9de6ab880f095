/** A limit for one event or line that no dialect needs to exceed: 16 Mi UTF-16 units. */
export const DEFAULT_MAX_LENGTH = 16 * 1024 * 1024;
