/** What an author can mend: said without a stack. */
export class BuildError extends Error {}
