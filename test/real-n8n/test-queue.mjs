/** `npm run test:queue`: see queue/test.ts. */
import { run } from './prepare.mjs';

await run('queue/test.ts');
