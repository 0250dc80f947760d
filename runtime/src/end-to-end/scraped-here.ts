import { parse, stringify } from 'yaml';

interface Configuration {
  global: Record<string, string>;
  scrape_configs: {
    dns_sd_configs?: { names: string[]; type: string; port: number }[];
    static_configs?: { targets: string[]; labels: Record<string, string> }[];
  }[];
}

/** Fifteen seconds between looks are for a disk that keeps a month of them. */
const EVERY = { scrape_interval: '1s', evaluation_interval: '1s' };

/**
 * The configuration of Prometheus, with the processes of this machine where it asks a name server for containers. What the
 * looking up of a name tells is told, so that the jobs relabel as they are written.
 *
 * @param addressesOf the processes of a service that answer at such a port
 */
export function scrapedHere(text: string, addressesOf: (service: string, port: number) => string[]): string {
  const configuration = parse(text) as Configuration;
  Object.assign(configuration.global, EVERY);
  for (const job of configuration.scrape_configs) {
    if (job.dns_sd_configs === undefined) continue;
    job.static_configs = job.dns_sd_configs.flatMap(({ names, port }) =>
      names.map((name) => ({ targets: addressesOf(name, port), labels: { __meta_dns_name: name } })),
    );
    delete job.dns_sd_configs;
  }
  return stringify(configuration);
}
