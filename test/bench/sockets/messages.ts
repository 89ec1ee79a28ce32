/** Questions and answers between the bench and the processes that it starts. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the bench's own, which answers one question at a time. */
export class Helper<Question, Answer> {
	readonly #process: ChildProcess;
	readonly #ended: Promise<string>;

	/** @param file a module that calls {@link answerQuestions} */
	constructor(file: string, nodeOptions: readonly string[] = []) {
		this.#process = fork(file, {
			// With the loader that runs TypeScript, as the bench itself has it.
			execArgv: [...process.execArgv, ...nodeOptions],
			// Plain JSON has no Infinity.
			serialization: 'advanced',
		});
		this.#ended = once(this.#process, 'exit').then(([code, signal]) => String(signal ?? code));
	}

	/** @throws if the process fails to answer */
	async ask(question: Question): Promise<Answer> {
		const answered = new AbortController();
		try {
			const reply = once(this.#process, 'message', { signal: answered.signal });
			this.#process.send(question as object);
			const ended = this.#ended.then((how) => {
				throw new Error(`A process of the bench ended (${how}) before it answered`);
			});
			const [message] = await Promise.race([reply, ended]);
			return readReply(message as Reply<Answer>);
		} finally {
			answered.abort();
		}
	}

	async end(): Promise<void> {
		if (this.#process.connected) this.#process.disconnect();
		await this.#ended;
	}
}

type Reply<Answer> = { readonly answer: Answer } | { readonly failure: string };

function readReply<Answer>(reply: Reply<Answer>): Answer {
	if ('failure' in reply) throw new Error(reply.failure);
	return reply.answer;
}

/** In such a process: ends with the bench. */
export function answerQuestions<Question, Answer>(
	answer: (question: Question) => Promise<Answer>,
): void {
	process.on('message', (question: Question) => {
		answer(question).then(
			(value) => process.send!({ answer: value }),
			(error: unknown) => process.send!({ failure: String(error) }),
		);
	});
	process.on('disconnect', () => process.exit());
}
