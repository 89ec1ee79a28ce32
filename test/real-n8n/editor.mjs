/** `npm run test:editor`: see editor/test.ts. */
import { run } from './prepare.mjs';

await run('editor/test.ts');
