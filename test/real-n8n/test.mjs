/** `npm run test:n8n`: see test.ts. */
import { run } from './prepare.mjs';

await run('test.ts');
