/** n8n's binary store: in memory unless told, as where nothing is set up; or in files, as n8n has it by default. */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import './environment';
import { BinaryDataService } from 'n8n-core';
import type { IBinaryData } from 'n8n-workflow';

/** n8n-core's own: beside it there may be others, which know nothing of its services. */
const { Container } = createRequire(resolve('node_modules/n8n-core/package.json'))('@n8n/di') as {
	Container: { get<Service>(of: abstract new (...args: never[]) => Service): Service };
};

const service = Container.get(BinaryDataService);
const mode = service as unknown as { mode: string };

export async function keepBinariesInFiles(): Promise<void> {
	mode.mode = 'filesystem-v2';
	await service.init();
}

export function keepBinariesInMemory(): void {
	mode.mode = 'default';
}

export async function stored(
	bytes: Buffer,
	fileName: string,
	mimeType: string,
): Promise<IBinaryData> {
	const location = {
		type: 'execution' as const,
		workflowId: 'workflow',
		executionId: randomUUID(),
	};
	return await service.store(location, bytes, { data: '', fileName, mimeType });
}

export async function bytesOf(binary: IBinaryData): Promise<Buffer> {
	return await service.getAsBuffer(binary);
}

/** Bytes on the disk. */
export async function sizeOf(binary: IBinaryData): Promise<number> {
	return (await stat(service.getPath(binary.id ?? ''))).size;
}
