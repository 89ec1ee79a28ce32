/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as fal uses
 * them: each event's data, whatever pieces it comes in. Comments and other fields are skipped, and so are
 * events with a type of their own.
 */
export class ServerSentEvents {
	readonly #decoder = new TextDecoder();
	/** The beginning of a line whose end has not come yet, in pieces, so that none is scanned twice. */
	#line: string[] = [];
	#data: string[] = [];
	#type = '';
	/** Characters kept for the event that is coming. */
	#kept = 0;
	#endedOnReturn = false;

	/** @param most characters of one event */
	constructor(private readonly most: number) {}

	/**
	 * Takes the next bytes.
	 *
	 * @returns the data of the events that they complete; nothing if an event is longer than it may be
	 */
	take(bytes: Uint8Array): string[] | undefined {
		const complete: string[] = [];
		for (const line of this.#linesOf(this.#decoder.decode(bytes, { stream: true }))) {
			if (line === '') this.#endEvent(complete);
			else this.#read(line);
			if (this.#kept > this.most) return undefined;
		}
		return this.#kept > this.most ? undefined : complete;
	}

	/** A line may end in CR, LF or both, and the two may come in different pieces. */
	*#linesOf(text: string): Generator<string> {
		const fresh = this.#endedOnReturn && text.startsWith('\n') ? text.slice(1) : text;
		if (text !== '') this.#endedOnReturn = text.endsWith('\r');
		const pieces = fresh.split(/\r\n|\r|\n/);
		for (const [place, piece] of pieces.entries()) {
			this.#line.push(piece);
			this.#kept += piece.length;
			if (place === pieces.length - 1) return;
			const line = this.#line.join('');
			this.#line = [];
			yield line;
		}
	}

	#read(line: string): void {
		const colon = line.indexOf(':');
		const field = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
		if (field === 'data') this.#data.push(value);
		else this.#kept -= line.length;
		if (field === 'event') this.#type = value;
	}

	#endEvent(complete: string[]): void {
		const isMessage = this.#type === '' || this.#type === 'message';
		if (this.#data.length > 0 && isMessage) complete.push(this.#data.join('\n'));
		this.#data = [];
		this.#type = '';
		this.#kept = 0;
	}
}
