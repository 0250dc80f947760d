/** One page of a listing. */
export interface Page<T> {
  data: T[];
  /** Give it to get the next page; absent on the last. Opaque. */
  nextCursor?: string;
}

export interface PageRequest {
  /** 1 to 1000, default 100. */
  limit?: number;
  cursor?: string;
}
