import type { INodeExecutionData } from 'n8n-workflow';
import { headline, hintOf, reasonOf, reasonsOf, type Share } from '../../nodes/n8n/headline';

const failed = (...reasons: Share['reasons']): Share => ({ output: 'Failed', reasons });
const unauthorized = reasonOf('unauthorized', 'not_submitted', 'No user found');
const refused = reasonOf('content_policy_violation', 'failed', 'It was flagged.');

describe('the headline', () => {
	it.each([
		['all is good', 3, [failed()], '3 of 3 completed.'],
		[
			'there is one reason',
			1,
			[failed(refused)],
			'1 of 2 completed, 1 on Failed: content_policy_violation.',
		],
		[
			'there are several',
			0,
			[failed(unauthorized, unauthorized, refused)],
			'0 of 3 completed, 3 on Failed: 2 × unauthorized (not_submitted), 1 × content_policy_violation.',
		],
		[
			'there are several outputs',
			1,
			[failed(refused), { output: 'Pending', reasons: [{ word: 'IN_QUEUE' }] }],
			'1 of 3 completed, 1 on Failed: content_policy_violation; 1 on Pending: IN_QUEUE.',
		],
	])('when %s', (_, count, shares, text) => {
		expect(headline({ count, word: 'completed' }, shares)).toBe(text);
	});
});

describe('the hint', () => {
	const hint = (count: number, ...shares: Share[]) => hintOf({ count, word: 'completed' }, shares);

	it('says why, when nothing is good and all say the same', () => {
		expect(hint(0, failed(unauthorized, unauthorized)).message).toMatch(/\. No user found\.$/);
	});

	it.each([
		['something is good', 1, [unauthorized]],
		['they say different things', 0, [unauthorized, refused]],
	])('leaves it to the items when %s', (_, count, reasons) => {
		expect(hint(count, failed(...reasons)).message).not.toContain('No user found');
	});

	it.each([
		['info', 1, []],
		['warning', 1, [refused]],
		['danger', 0, [refused]],
	])('is %s for %i completed and %j failed', (type, count, reasons) => {
		expect(hint(count, failed(...reasons)).type).toBe(type);
	});

	it('does not take what is pending for trouble, unless nobody looks after it', () => {
		const pending = { output: 'Pending', reasons: [{ word: 'IN_PROGRESS' }] };
		expect(hint(0, pending).type).toBe('info');
		const loose = hint(0, { ...pending, isLoose: true });
		expect(loose.type).toBe('warning');
		expect(loose.message).toContain('Nothing is connected to the output Pending');
	});

	it('names all outputs that nothing is connected to, and items are on', () => {
		const loose = (output: string, ...reasons: Share['reasons']) => ({
			output,
			reasons,
			isLoose: true,
		});
		const { message } = hint(1, loose('Failed', refused), loose('Pending', { word: 'IN_QUEUE' }));
		expect(message).toContain('connected to the outputs Failed and Pending');
		expect(hint(1, loose('Failed')).message).not.toContain('connected');
	});
});

it('reads the reasons from items, whichever node gives them out', () => {
	const items: INodeExecutionData[] = [
		{ json: { error: { type: 'not_seen', outcome: 'unknown', message: 'fal is away' } } },
		{ json: { status: 'ALREADY_COMPLETED' } },
		{ json: {} },
	];
	expect(reasonsOf(items)).toEqual([
		{ word: 'not_seen (unknown)', message: 'fal is away' },
		{ word: 'ALREADY_COMPLETED' },
		{ word: 'unknown' },
	]);
});
