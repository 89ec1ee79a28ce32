/** `npm start`: see start.ts. */
import { run } from './prepare.mjs';

await run('start.ts');
