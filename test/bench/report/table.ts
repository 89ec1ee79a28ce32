/** A table of the report, before it is drawn: on the screen or in Markdown. */
export interface ReportTable {
	readonly title: string;
	readonly head: readonly string[];
	readonly rows: readonly (readonly string[])[];
	/** What to know when reading it. */
	readonly note?: string;
}
