interface Sample {
  metric: Record<string, string>;
}
interface Target {
  labels: Record<string, string>;
  scrapeUrl: string;
  health: string;
  lastError: string;
}
export interface AlertRule {
  name: string;
  health: string;
  state: string;
  lastError?: string;
}

/** What a Prometheus says over its interface. */
export class PrometheusAnswers {
  constructor(readonly url: string) {}

  /** The series that an expression gives now. Rejects with what is wrong with it. */
  async query(expression: string): Promise<Sample[]> {
    const { result } = await this.#ask<{ result: Sample[] }>('query', { query: expression });
    return result;
  }

  async targets(): Promise<Target[]> {
    return (await this.#ask<{ activeTargets: Target[] }>('targets', { state: 'active' })).activeTargets;
  }

  async rules(): Promise<AlertRule[]> {
    const { groups } = await this.#ask<{ groups: { rules: AlertRule[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async #ask<T>(what: string, parameters: Record<string, string> = {}): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const { data, error } = (await answer.json()) as { data: T; error?: string };
    if (error !== undefined) throw new Error(`${parameters.query ?? what}: ${error}`);
    return data;
  }
}
