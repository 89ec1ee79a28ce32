/** A first-in-first-out line in which everybody knows how many stand in front. */
export class Lane<Member> {
	#members: Member[] = [];
	/** Each member's number; who is at the front has the number `#served`. */
	readonly #numbers = new Map<Member, number>();
	#served = 0;

	get length(): number {
		return this.#members.length;
	}

	get members(): readonly Member[] {
		return this.#members;
	}

	push(member: Member): void {
		this.#numbers.set(member, this.#served + this.#members.length);
		this.#members.push(member);
	}

	shift(): Member | undefined {
		const member = this.#members.shift();
		if (member === undefined) return undefined;
		this.#numbers.delete(member);
		this.#served++;
		return member;
	}

	/** How many stand in front of the member; `undefined` if it isn't in the line. */
	position(member: Member): number | undefined {
		const number = this.#numbers.get(member);
		return number === undefined ? undefined : number - this.#served;
	}

	/** Takes the member out of the middle; those behind it move up. */
	remove(member: Member): void {
		const position = this.position(member);
		if (position === undefined) return;
		this.#members.splice(position, 1);
		this.#numbers.delete(member);
		for (const behind of this.#members.slice(position)) {
			this.#numbers.set(behind, (this.#numbers.get(behind) ?? 0) - 1);
		}
	}

	clear(): void {
		this.#members = [];
		this.#numbers.clear();
		this.#served = 0;
	}
}
