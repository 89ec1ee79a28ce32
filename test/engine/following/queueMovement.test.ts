import { QueueMovement } from '../../../nodes/engine/following/queueMovement';

it('a job has moved up when one that was taken no later has ended', () => {
	const movement = new QueueMovement();
	expect(movement.lastStepAheadOf(5)).toBeUndefined();
	movement.noteEnd(5, 20);
	movement.noteEnd(6, 30);
	expect(movement.lastStepAheadOf(4)).toBeUndefined();
	expect(movement.lastStepAheadOf(5)).toBe(20);
	expect(movement.lastStepAheadOf(6)).toBe(30);
});

it('the last fifty ends are kept', () => {
	const movement = new QueueMovement();
	movement.noteEnd(1, 10);
	for (let end = 0; end < 49; end++) movement.noteEnd(100, 20);
	expect(movement.lastStepAheadOf(5)).toBe(10);
	movement.noteEnd(100, 20);
	expect(movement.lastStepAheadOf(5)).toBeUndefined();
});
