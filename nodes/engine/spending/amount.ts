/**
 * Amounts of money in billionths of the currency: whole numbers, so that thousands of them add up to the
 * cent. fal's own billing counts in the same unit (`cost_estimate_nano_usd`).
 */
const PARTS = 1_000_000_000;

/** @param money in the currency itself, such as 0.025 */
export function toAmount(money: number): number {
	return Math.round(money * PARTS);
}

/** @returns the currency itself, such as 0.025 */
export function toMoney(amount: number): number {
	return amount / PARTS;
}

/** As a person reads it: `12.50 USD`, and `0.003 USD` where cents are too coarse. */
export function moneyText(amount: number, currency: string): string {
	const money = toMoney(amount);
	const digits = money !== 0 && Math.abs(money) < 1 ? 4 : 2;
	const text = money.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, '$1');
	return `${text} ${currency}`;
}
