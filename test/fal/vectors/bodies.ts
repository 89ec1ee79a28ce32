/** One callback of each kind that fal is known to send, with what a careless reader trips over. */
import type { UnsignedCallback } from '../openssl';

const REQUEST_ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';

const BODIES = {
	'with a seed beyond 2^53': `{"request_id":"${REQUEST_ID}","gateway_request_id":"${REQUEST_ID}","status":"OK","payload":{"images":[{"url":"https://v3.fal.media/files/x/a.png","width":1024,"height":768}],"seed":196619188014358661}}`,
	'about a failure': `{"request_id":"${REQUEST_ID}","status":"ERROR","error":"Invalid status code: 422","payload":{"detail":[{"loc":["body","prompt"],"msg":"field required","type":"value_error.missing"}]}}`,
	'without its payload': `{"request_id":"${REQUEST_ID}","status":"OK","payload":null,"payload_error":"Response payload is not JSON serializable."}`,
	// A body that is written anew would come out without them, and with another hash.
	'with spaces and line ends': `{ "request_id" : "${REQUEST_ID}",\r\n\t"status" : "OK", "payload" : { "scale" : 1.0, "big" : 1e3 } }\n`,
	'with letters of many scripts': `{"request_id":"${REQUEST_ID}","status":"OK","payload":{"text":"naïve \\u00e9t\\u00e9 漢字 🦊"}}`,
} as const;

export const unsignedCallbacks: Array<UnsignedCallback & { readonly kind: string }> =
	Object.entries(BODIES).map(([kind, body], index) => ({
		kind,
		requestId: REQUEST_ID,
		userId: 'auth0|6543210fedcba',
		timestamp: 1_795_000_000 + index,
		body,
	}));
