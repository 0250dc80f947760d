const KEPT_REQUESTS = 200;

/** One request as the log keeps it: never a header or a body, which may hold secrets. */
export interface LoggedRequest {
  at: string;
  method: string;
  path: string;
  /** Absent while it is in work, and for ever when the connection ended before an answer. */
  status?: number;
}

export interface RequestFigures {
  total: number;
  /** Requests that are in work right now, and the most there ever were at once. */
  inFlight: number;
  mostInFlight: number;
  /** `METHOD route` to the number of its requests, and to how often each status was answered. */
  byRoute: Record<string, { requests: number; statuses: Record<string, number> }>;
  /** The last 200, oldest first. */
  recent: LoggedRequest[];
}

/** Counts a simulator's requests. */
export class RequestLog {
  #figures = emptyFigures();

  /** Notes a request; the function that comes back notes its end, with its status when there was an answer. */
  begin(request: LoggedRequest, route: string): (status?: number) => void {
    const figures = this.#figures;
    const key = `${request.method} ${route}`;
    const counted = (figures.byRoute[key] ??= { requests: 0, statuses: {} });
    figures.total += 1;
    counted.requests += 1;
    figures.inFlight += 1;
    figures.mostInFlight = Math.max(figures.mostInFlight, figures.inFlight);
    figures.recent.push(request);
    if (figures.recent.length > KEPT_REQUESTS) figures.recent.shift();
    let ended = false;
    return (status) => {
      if (ended) return;
      ended = true;
      figures.inFlight -= 1;
      if (status === undefined) return;
      request.status = status;
      counted.statuses[status] = (counted.statuses[status] ?? 0) + 1;
    };
  }

  figures(): RequestFigures {
    return structuredClone(this.#figures);
  }

  clear(): void {
    this.#figures = emptyFigures();
  }
}

function emptyFigures(): RequestFigures {
  return { total: 0, inFlight: 0, mostInFlight: 0, byRoute: {}, recent: [] };
}
