/** Posts bytes as they are: `fetch` joins two headers of a name before it sends them. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

export async function post(
	url: string,
	body: Uint8Array | string,
	headers: Readonly<Record<string, string | string[]>> = {},
): Promise<{ status: number; text: string }> {
	const sending = request(url, { method: 'POST', headers: { ...headers } });
	sending.end(body);
	const [response] = (await once(sending, 'response')) as [IncomingMessage];
	const chunks: Buffer[] = [];
	for await (const chunk of response) chunks.push(chunk as Buffer);
	return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}
