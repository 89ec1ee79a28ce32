/**
 * The search over the cards: the one script of the report. Its text is a constant, and the report's policy
 * allows this very text by its hash and no other, so nothing from outside can become a script. Where a viewer
 * runs none, as a sandbox may, the field is not shown; the other filters are the browser's own.
 */
import { createHash } from 'node:crypto';

export const SEARCH_FIELD =
	'<p class="search" id="search" hidden><label>Search <input type="search" id="words" placeholder="e.g. lighthouse"></label> <output id="found"></output></p>';

/** A card is found when it has all words, wherever in its text. */
const SCRIPT = `(() => {
const words = document.getElementById('words');
const found = document.getElementById('found');
const cards = [...document.querySelectorAll('.card')];
let texts;
words.addEventListener('input', () => {
texts ??= cards.map((card) => card.textContent.toLowerCase());
const wanted = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
let count = 0;
cards.forEach((card, index) => {
const fits = wanted.every((word) => texts[index].includes(word));
card.classList.toggle('lost', !fits);
if (fits) count++;
});
found.textContent = wanted.length > 0 ? count + ' of ' + cards.length : '';
});
document.getElementById('search').hidden = false;
})();`;

export const SEARCH_SCRIPT = `<script>${SCRIPT}</script>`;

/** As a policy names it. */
export const SEARCH_HASH = `'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`;
