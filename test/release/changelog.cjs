/** What a version is about, by CHANGELOG.md. */

/**
 * @param {string} changelog the whole file
 * @param {string} version as its heading has it: `## 1.0.0`, a date may follow
 * @returns {string} what stands under that heading
 * @throws when there is no such heading, or nothing under it
 */
exports.notesOf = function notesOf(changelog, version) {
	const sections = changelog.split(/^## /m).slice(1);
	const section = sections.find((text) => text.split(/\s/, 1)[0] === version);
	if (section === undefined) {
		throw new Error(`CHANGELOG.md has no heading "## ${version}".`);
	}
	const notes = section.slice(section.indexOf('\n') + 1).trim();
	if (notes === '') throw new Error(`CHANGELOG.md says nothing under "## ${version}".`);
	return notes;
};
