import {
  bandOf,
  type BandBounds,
  type IdentityUser,
  MAX_SCORE,
  normalizedScore,
  type ScoreBand,
} from '@drover-plugins/crowdstrike-client';

export interface BandPreview {
  bands: { band: ScoreBand; from: number; to: number; users: number; percent: number }[];
  users: number;
  withoutScore: number;
  withoutAddress: number;
  isComplete: boolean;
}

/** Users by band. */
export class BandCount {
  readonly #bounds: BandBounds;
  readonly #byBand: Record<ScoreBand, number> = { Poor: 0, Moderate: 0, Good: 0 };
  #withoutScore = 0;
  #withoutAddress = 0;

  constructor(bounds: BandBounds) {
    this.#bounds = bounds;
  }

  /** Users that were added, with an address or without. */
  get read(): number {
    return this.#scored + this.#withoutScore + this.#withoutAddress;
  }

  add({ emailAddresses, riskScore }: IdentityUser): void {
    if (emailAddresses.length === 0) this.#withoutAddress += 1;
    else if (riskScore === undefined) this.#withoutScore += 1;
    else this.#byBand[bandOf(normalizedScore(riskScore), this.#bounds)] += 1;
  }

  preview(isComplete: boolean): BandPreview {
    const { poorUpTo, moderateUpTo } = this.#bounds;
    return {
      bands: [
        { band: 'Poor', from: 0, to: poorUpTo, ...this.#share('Poor') },
        { band: 'Moderate', from: poorUpTo + 1, to: moderateUpTo, ...this.#share('Moderate') },
        { band: 'Good', from: moderateUpTo + 1, to: MAX_SCORE, ...this.#share('Good') },
      ],
      users: this.#scored + this.#withoutScore,
      withoutScore: this.#withoutScore,
      withoutAddress: this.#withoutAddress,
      isComplete,
    };
  }

  get #scored(): number {
    return this.#byBand.Poor + this.#byBand.Moderate + this.#byBand.Good;
  }

  /** To a tenth of a percent. */
  #share(band: ScoreBand): { users: number; percent: number } {
    const users = this.#byBand[band];
    return { users, percent: Math.round((users / Math.max(1, this.#scored)) * 1_000) / 10 };
  }
}
