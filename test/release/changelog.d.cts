/** See changelog.cjs, which the upload can use without any package. */
export function notesOf(changelog: string, version: string): string;
