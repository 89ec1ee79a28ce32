/** `npm run docs`: puts the descriptions of the nodes into docs/nodes. */
import { writeFileSync } from 'node:fs';
import { nodePages } from './pages';

for (const { path, text, wanted } of nodePages()) {
	if (text === wanted) continue;
	writeFileSync(path, wanted);
	console.log(`Wrote ${path}`);
}
