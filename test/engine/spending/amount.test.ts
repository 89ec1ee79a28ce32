import { moneyText, toAmount, toMoney } from '../../../nodes/engine/spending/amount';

it('amounts add up as on an invoice', () => {
	expect(toAmount(0.1) + toAmount(0.2)).toBe(toAmount(0.3));
	expect(toMoney(toAmount(0.025))).toBe(0.025);
});

it.each([
	[0, '0.00 USD'],
	[0.003, '0.003 USD'],
	[0.0125, '0.0125 USD'],
	[0.1001, '0.1001 USD'],
	[0.5, '0.50 USD'],
	[-0.003, '-0.003 USD'],
	[1, '1.00 USD'],
	[1.2345, '1.23 USD'],
	[-12.5, '-12.50 USD'],
	[100, '100.00 USD'],
])('%d reads as %s', (money, text) => {
	expect(moneyText(toAmount(money), 'USD')).toBe(text);
});
