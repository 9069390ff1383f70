/** The simulation study: which methods face which worlds. `deno task simulate` runs it in full, tests in short. */
import * as methods from "./methods.ts";
import { simulateFamilies, simulatePowerCurves } from "./families.ts";
import { type Row, type Scenario, simulateCoverage, simulatePower, simulateTypeI } from "./simulate.ts";
import {
  clusteredWorld,
  type ClusterSize,
  independentWorld,
  overlappingWorld,
  type Truth,
} from "./worlds.ts";

/** Name of the part that simulates families of tests and power curves. */
export const FAMILIES = "families and power curves";

/** Sizes of a run. */
export interface StudyPlanOptions {
  /** Studies with an effect, for coverage and power (2000 in full). */
  readonly nStudies: number;
  /** Studies without, for type I errors (4000 in full). */
  readonly nNullStudies: number;
  readonly seed: number;
  /** Only worlds whose name contains this text, or FAMILIES; everything when it is absent. */
  readonly only?: string;
  readonly onRows?: (rows: readonly Row[]) => void;
}

/**
 * Runs every part of the study.
 * @returns the rows of the table, in order
 */
export function simulateAll({ nStudies, nNullStudies, seed, only, onRows }: StudyPlanOptions): Row[] {
  const rows: Row[] = [];
  const add = (more: readonly Row[]) => {
    rows.push(...more);
    onRows?.(more);
  };
  const chosen = (scenario: Scenario) => scenario.world.name.includes(only ?? "");
  for (const scenario of scenarios(EFFECT, EFFECT_SERIES, withIntervals).filter(chosen)) {
    add(simulateCoverage(scenario, { nStudies, seed }));
  }
  for (const scenario of scenarios(NULL, NULL_SERIES, (all) => all).filter(chosen)) {
    add(simulateTypeI(scenario, { nStudies: nNullStudies, seed }));
  }
  if (FAMILIES.includes(only ?? "")) {
    add(simulateFamilies({ nStudies: nNullStudies, seed }));
    add(simulatePowerCurves({ nStudies, seed }));
  }
  for (const scenario of scenarios(EFFECT, EFFECT_SERIES, withTests).filter(chosen)) {
    add(simulatePower(scenario, { nStudies: Math.ceil(nStudies / 4), seed }));
  }
  return rows;
}

const EFFECT: Truth = { signalA: 0.9, signalB: 0.6, meanEffect: 0.15 };
const NULL: Truth = { signalA: 0.6, signalB: 0.6, meanEffect: 0 };
// Series: correlation of a score with the difficulty instead of a shift.
const EFFECT_SERIES: Truth = { signalA: 0.5, signalB: 0.2, meanEffect: 0.3 };
const NULL_SERIES: Truth = { signalA: 0.3, signalB: 0.3, meanEffect: 0 };

/** Test items of the nine articles in the published SQuAD split, and how many of them are hard there. */
const ARTICLE_ITEMS = [106, 183, 242, 87, 182, 243, 136, 215, 106];
const ARTICLE_HARD = [13, 13, 50, 7, 22, 53, 19, 89, 0];
const HARD_FRACTION = 266 / 1500;

const EQUALLY_HARD: readonly ClusterSize[] = ARTICLE_ITEMS.map((nItems) => ({
  nItems,
  nHard: Math.round(HARD_FRACTION * nItems),
}));
const AS_HARD_AS_THEY_ARE: readonly ClusterSize[] = ARTICLE_ITEMS.map((nItems, article) => ({
  nItems,
  nHard: ARTICLE_HARD[article]!,
}));

/** Between-article share that makes items look 1.4 times as precise as they are, as they do on the records. */
const BETWEEN_ARTICLES = 0.035;

/** Contexts that are hard or easy as a whole. */
const MANY_CLUSTERS: readonly ClusterSize[] = Array.from({ length: 120 }, (_, c) => {
  const nItems = [3, 4, 5, 5, 5, 6, 8][c % 7]!;
  return { nItems, nHard: c % 5 === 0 ? nItems : c % 5 === 1 ? 1 : 0 };
});

/** ETTh1: 512 + 96 hours at stride 24. */
const OVERLAP = 26;

const { asReference } = methods;

function scenarios(
  items: Truth,
  series: Truth,
  choose: (all: readonly methods.Method[]) => readonly methods.Method[],
): Scenario[] {
  const naiveAuroc = asReference(methods.delongItems);
  const naiveMean = asReference(methods.tItems);
  const timeMethods = [
    methods.batchMeansAuroc(OVERLAP),
    methods.movingBlocksAuroc(OVERLAP),
    naiveAuroc,
    methods.batchMeansMean(OVERLAP),
    methods.movingBlocksMean(OVERLAP),
    naiveMean,
  ];
  const windows = (n: number) =>
    overlappingWorld(`series of ${n} windows, overlap ${OVERLAP}`, [n], { overlap: OVERLAP, truth: series });
  const all: Scenario[] = [
    {
      world: independentWorld(400, items),
      methods: [
        methods.delongItems,
        methods.bootstrapItems,
        methods.swapItems,
        asReference(methods.labelPermutation),
        methods.tItems,
        methods.bootstrapMeanItems,
        methods.bcaItems,
      ],
    },
    {
      world: clusteredWorld("120 clusters", MANY_CLUSTERS, { truth: items, between: 0.15 }),
      methods: [
        methods.clusterChoice,
        methods.clusterTAuroc,
        methods.swapClusters,
        naiveAuroc,
        asReference(methods.swapItems),
        methods.clusterTMean,
        naiveMean,
      ],
    },
    {
      world: clusteredWorld("nine articles, equally hard", EQUALLY_HARD, {
        truth: items,
        between: BETWEEN_ARTICLES,
      }),
      methods: [
        methods.clusterChoice,
        methods.clusterJackknifeAuroc,
        asReference(methods.clusterBootstrapRaw),
        methods.swapClusters,
        naiveAuroc,
        methods.clusterTMean,
        naiveMean,
      ],
    },
    {
      // A third of the hard items lies in one article: influence values are no longer enough.
      world: clusteredWorld("nine articles, as hard as they are", AS_HARD_AS_THEY_ARE, {
        truth: items,
        between: BETWEEN_ARTICLES,
      }),
      methods: [
        methods.clusterJackknifeAuroc,
        asReference(methods.clusterTAuroc),
        asReference(methods.clusterBootstrapRaw),
        methods.swapClusters,
        naiveAuroc,
      ],
    },
    {
      world: windows(167),
      methods: [
        ...timeMethods,
        asReference(methods.movingBlocksRawAuroc(4)),
        asReference(methods.movingBlocksRawAuroc(OVERLAP)),
      ],
    },
    { world: windows(260), methods: timeMethods },
    { world: windows(1040), methods: timeMethods },
    {
      world: overlappingWorld(`7 series of 167 windows, overlap ${OVERLAP}`, Array(7).fill(167), {
        overlap: OVERLAP,
        truth: series,
      }),
      methods: timeMethods,
    },
    {
      // Told of an overlap that is not there, the methods promise nothing; this shows how careful they then are.
      world: overlappingWorld("260 independent windows taken as overlapping", [260], {
        overlap: 1,
        truth: series,
      }),
      methods: [
        methods.batchMeansAuroc(OVERLAP),
        methods.movingBlocksAuroc(OVERLAP),
        methods.batchMeansMean(OVERLAP),
        methods.movingBlocksMean(OVERLAP),
      ].map(asReference),
    },
  ];
  return all.map(({ world, methods: chosen }) => ({ world, methods: choose(chosen) }));
}

const PURE_TESTS = new Set([
  methods.swapItems.name,
  methods.swapClusters.name,
  methods.labelPermutation.name,
]);
const withIntervals = (all: readonly methods.Method[]) => all.filter(({ name }) => !PURE_TESTS.has(name));
const withTests = (all: readonly methods.Method[]) => all.filter(({ reference }) => reference !== true);
