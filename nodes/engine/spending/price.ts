/** What fal asks for a model's work, as far as it says so. */
export interface Price {
	/** In the currency, for one unit. */
	readonly unitPrice: number;
	/** fal's own word: image, second, megapixels, ... */
	readonly unit: string;
	/** Such as USD. */
	readonly currency: string;
}

export interface Pricing {
	readonly price?: Price;
	/** What one call has cost on average, by fal's own account; in the currency of the price. */
	readonly perCall?: number;
}

/** By model ID. A model that fal gives no price for is not in it, or has none. */
export type Prices = ReadonlyMap<string, Pricing>;
