/**
 * Every deviation of the corrected protocol from the published one, once: what was done, what is done instead, why,
 * and the name of its switch. Sizes of effects are not here: they are read from results (protocol.ts).
 */

/** One deviation. */
export interface Deviation {
  /** number of the flaw in the study's list */
  readonly id: `F${number}`;
  /** name of its switch in a protocol */
  readonly switch: string;
  readonly published: string;
  readonly corrected: string;
  readonly reason: string;
  /** Where the correction comes from. */
  readonly source: string;
}

/** All deviations, in the order of the study's list. */
export const DEVIATIONS = [
  {
    id: "F1",
    switch: "sae_training",
    published: "SAEs trained for ten epochs on the vectors at hand, any checkpoint accepted",
    corrected: "trained on all positions until FVU stops improving, behind a validity gate",
    reason: "an SAE that does not reconstruct says nothing about SAE features",
    source: "Gao et al. 2024, arXiv:2406.04093; Karvonen et al. 2025, arXiv:2503.09532",
  },
  {
    id: "F2",
    switch: "sae_decoder_norm",
    published: "decoder normalised over outputs, encoder initialised alone",
    corrected: "unit-norm atoms, gradient along them removed, encoder starts as the decoder's transpose",
    reason: "norms of atoms must not trade against activations",
    source: "Bricken et al. 2023, transformer-circuits.pub/2023/monosemantic-features; arXiv:2406.04093",
  },
  {
    id: "F3",
    switch: "fvu_by_class",
    published: "one pooled FVU",
    corrected: "FVU of massive-norm tokens, position 0, EOS and the rest",
    reason: "a few massive-norm positions carry most of the variance",
    source: "Sun et al. 2024, arXiv:2402.17762",
  },
  {
    id: "F4",
    switch: "grouped_split",
    published: "the first 70 % of rows train, the rest test",
    corrected: "split by source, stratified by domain; the shift is a condition of its own",
    reason: "the order of rows is an order of domains",
    source: "Koh et al. 2021, arXiv:2012.07421",
  },
  {
    id: "F5",
    switch: "length_free_label",
    published: "hard = top quartile of the gold answer's perplexity; prompts cut on the left",
    corrected: "nats residualised on answer length (fitted on train), AUROC within lengths; nothing cut",
    reason: "answer length decides the label and is unknown when the decision is made",
    source: "Janes & Pepe 2009, doi:10.1093/biomet/asp002",
  },
  {
    id: "F6",
    switch: "nested_increment",
    published: "P3 - P2 of two unnested probes with one penalty each",
    corrected: "increment over B's cross-fitted logit as offset, equivalence test, learning curve",
    reason: "a difference of unnested fits is not an increment, and no significance is no equivalence",
    source: "Lakens 2017, doi:10.1177/1948550617697177; Chernozhukov et al. 2018, doi:10.1111/ectj.12097",
  },
  {
    id: "F7",
    switch: "testable_positions",
    published: "single-position ablation at EOS or the boundary, fired or not",
    corrected: "last context step or prompt token; a latent that never fires is 'not testable'",
    reason: "ablating an inactive latent changes nothing by construction",
    source: "records of the published study (effects that are exactly 0 on every item)",
  },
  {
    id: "F8",
    switch: "same_unit_contrast",
    published: "counts of significant latents, another metric in each modality",
    corrected: "nats in both, effect relative to mean ablation, one interaction contrast",
    reason: "the difference between significant and not significant is itself not significant",
    source: "Gelman & Stern 2006, doi:10.1198/000313006X152649",
  },
  {
    id: "F9",
    switch: "control_latents",
    published: "five latents, each at 5 %, no controls",
    corrected: "matched random latents and directions, Holm and BH, error term kept in the patch",
    reason: "any perturbation of the residual stream changes the metric",
    source: "Holm 1979, jstor:4615733; Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x",
  },
  {
    id: "F10",
    switch: "one_sae",
    published: "the probes' SAE and the causal runs' SAE differ",
    corrected: "one SAE hash a run, checked",
    reason: "a latent ranked in one dictionary does not exist in another",
    source: "Sandve et al. 2013, doi:10.1371/journal.pcbi.1003285",
  },
  {
    id: "F11",
    switch: "paired_test",
    published: "one-sided permutation of labels, p can be 0",
    corrected: "score-swap permutation (whole clusters) and DeLong, two-sided, (b + 1) / (B + 1)",
    reason: "permuted labels test that both scores are useless, not that they are equal",
    source: "DeLong et al. 1988, doi:10.2307/2531595; Phipson & Smyth 2010, doi:10.2202/1544-6115.1585",
  },
  {
    id: "F12",
    switch: "dependence",
    published: "items resampled as independent",
    corrected: "clusters and time blocks; t on cluster influence below 30; 'underpowered' below 10 blocks",
    reason: "questions of one article and overlapping windows repeat each other",
    source: "Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x; Obuchowski 1997, doi:10.2307/2533958",
  },
  {
    id: "F13",
    switch: "generated_numbers",
    published: "numbers typed into the text",
    corrected: "numbers generated from results",
    reason: "the text credits the cheap baseline with the raw rung's figure",
    source: "Luger et al. 2021, arXiv:2110.06271 (showyourwork)",
  },
  {
    id: "F14",
    switch: "cascade_area",
    published: "count of 41 fixed thresholds below a line; escalated items pay one model",
    corrected:
      "area to random escalation with CI, quantile thresholds, both models paid, shuffled scores beside",
    reason: "scores that know nothing dominate at many thresholds",
    source: "lib/stats/frontier_area.ts; Phipson & Smyth 2010, doi:10.2202/1544-6115.1585",
  },
  {
    id: "F15",
    switch: "own_score_calibration",
    published: "probes refitted without scaling, shuffled folds, negative slopes applied",
    corrected: "the ladder's own scores, purged folds, slope <= 0 is 'not calibratable', debiased ECE",
    reason: "another probe was calibrated than the one reported",
    source: "Kull et al. 2017, PMLR 54:623-631; Kumar et al. 2019, arXiv:1909.10155",
  },
  {
    id: "F16",
    switch: "clean_cheap_block",
    published: "eight columns with a model's perplexity, constants and a duplicate among them",
    corrected:
      "dead and duplicate columns dropped, categories one-hot, the model's uncertainty its own rung P0",
    reason: "the baseline must be what it is called",
    source: "records of the published study (columns recomputed from its prompts)",
  },
  {
    id: "F17",
    switch: "exact_areas",
    published: "AURC by trapezoid from coverage 0.10, ties in sort order, kept items resampled",
    corrected:
      "exact AURC, AUGRC and excess over all coverages, ties averaged, items re-ranked in each resample",
    reason: "the hardest choices are cut off and the interval leaves out the ranking",
    source: "Geifman et al. 2019, arXiv:1805.08206; Traub et al. 2024, arXiv:2407.01032",
  },
  {
    id: "F18",
    switch: "sae_seeds",
    published: "one SAE seed",
    corrected: "at least five, variance carried into the delta (t with seeds - 1 degrees of freedom)",
    reason: "two SAEs of one recipe differ in most of their latents",
    source: "Paulo & Belrose 2025, arXiv:2501.16615",
  },
  {
    id: "F19",
    switch: "train_only_threshold",
    published: "the label's quantile is taken over all windows, another one for the causal runs",
    corrected: "quantile of the train windows, one definition a run",
    reason: "the label must not see the test split",
    source: "Kapoor & Narayanan 2023, doi:10.1016/j.patter.2023.100804",
  },
  {
    id: "F20",
    switch: "fair_crps",
    published: "CRPS by the V statistic",
    corrected: "the fair (unbiased) estimator",
    reason: "the V statistic depends on the number of paths",
    source: "Ferro 2014, doi:10.1002/qj.2270",
  },
  {
    id: "F21",
    switch: "refuse_single_class_folds",
    published: "a fold of one class silently selects the smallest C",
    corrected: "refused, naming the fold",
    reason: "NaN compares as the best",
    source: "Forman & Scholz 2010, doi:10.1145/1882471.1882479",
  },
  {
    id: "F22",
    switch: "refuse_no_model",
    published: "deltas with rungs whose coefficients are all zero",
    corrected: "refused as 'no model'",
    reason: "a constant score has AUROC 1/2 and gains on anything below chance",
    source: "records of the published study (constant scores)",
  },
  {
    id: "F23",
    switch: "grouped_folds",
    published: "inner folds share articles, contexts and windows",
    corrected: "grouped or purged inner folds",
    reason: "C is chosen on leaked rows",
    source: "Roberts et al. 2017, doi:10.1111/ecog.02881; Lopez de Prado 2018, chapter 7",
  },
  {
    id: "F24",
    switch: "one_implementation",
    published: "causal results of another code, SAE and pooling",
    corrected: "one run, one code version, one SAE hash in the manifest",
    reason: "results of two instruments were compared as of one",
    source: "Sandve et al. 2013, doi:10.1371/journal.pcbi.1003285",
  },
  {
    id: "F25",
    switch: "scale_free_label",
    published: "raw CRPS under a level shift between train and test",
    corrected: "CRPS divided by the in-sample seasonal error, raw besides",
    reason: "the label follows the level of the series",
    source: "Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001",
  },
  {
    id: "F26",
    switch: "primary_endpoint",
    published: "rungs x poolings x latents x tests, none primary",
    corrected: "configs/primary.yaml, hashed before extraction; the rest is exploratory",
    reason: "forking paths",
    source: "Gelman & Loken 2014, doi:10.1511/2014.111.460",
  },
] as const satisfies readonly Deviation[];

/** Name of a switch. */
export type SwitchName = typeof DEVIATIONS[number]["switch"];
