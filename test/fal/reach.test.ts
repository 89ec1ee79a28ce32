import { isOutOfFalsReach } from '../../nodes/fal/reach';

// fal drops callbacks to private addresses before it sends them, so an execution parked behind one would
// only go on when Max Wait is over.
it.each([
	'http://localhost:5678/webhook-waiting/7?signature=x',
	'http://127.0.0.1:5678/webhook-waiting/7',
	'http://10.1.2.3/webhook-waiting/7',
	'http://172.20.0.4:5678/webhook-waiting/7',
	'http://192.168.1.20:5678/webhook-waiting/7',
	'http://[::1]:5678/webhook-waiting/7',
	'http://n8n.local/webhook-waiting/7',
	'',
])('%j is out of fal’s reach', (address) => {
	expect(isOutOfFalsReach(address)).toBe(true);
});

it.each([
	'https://n8n.example.com/webhook-waiting/7?signature=x',
	'https://10.example.com/webhook-waiting/7',
	'https://172.32.0.1/webhook-waiting/7',
	'https://localhost.example.com/webhook-waiting/7',
])('%j may be within it', (address) => {
	expect(isOutOfFalsReach(address)).toBe(false);
});
