/** How often a probe is asked for. */
export const PROBES_PER_SECOND = 100;
