/** A host that is none of fal's, by https: it writes down every byte that it is sent. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';

export interface Stranger {
	/** `https://localhost:12345` */
	readonly address: string;
	/** Requests so far: method and path. */
	readonly requests: string[];
	/** All that came over its connections, decrypted. */
	received(): string;
	close(): Promise<void>;
}

/** @param answer what it says to a GET */
export async function startStranger(answer: {
	readonly headers: Record<string, string>;
	readonly body: string;
}): Promise<Stranger> {
	const chunks: Buffer[] = [];
	const requests: string[] = [];
	const server = createServer(certificate(), (request, response) => {
		const line = `${request.method} ${request.url}`;
		requests.push(line);
		chunks.push(Buffer.from(`${line}\n${request.rawHeaders.join('\n')}\n`));
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			if (request.method === 'GET') response.writeHead(200, answer.headers).end(answer.body);
			else response.writeHead(200).end('{}');
		});
	});
	await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
	const forget = trustOwnCertificates();
	return {
		address: `https://localhost:${(server.address() as AddressInfo).port}`,
		requests,
		received: () => Buffer.concat(chunks).toString('latin1'),
		async close() {
			forget();
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

function certificate(): { key: Buffer; cert: Buffer } {
	const folder = mkdtempSync(join(tmpdir(), 'fal-queue-stranger-'));
	const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
	const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
	const rest = ['-days', '1', '-subj', '/CN=localhost', '-keyout', key, '-out', cert];
	try {
		execFileSync('openssl', ['req', ...kind, ...rest], { stdio: 'ignore' });
		return { key: readFileSync(key), cert: readFileSync(cert) };
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** For this process only: what n8n would refuse for its certificate is tried here all the same. */
function trustOwnCertificates(): () => void {
	const { connect } = tls;
	const trusting = (options: tls.ConnectionOptions, ...rest: [() => void]) =>
		connect({ ...options, rejectUnauthorized: false }, ...rest);
	Object.assign(tls, { connect: trusting });
	return () => void Object.assign(tls, { connect });
}
