/**
 * Where the published study's language-model repository keeps what its probes were fitted on. Facts read from the
 * repository at the commit below; SHA-256 and bytes are those of its Git LFS pointers. Nothing of it is part of this
 * project.
 */

export const PUBLISHED_REPOSITORY = "nabindev3/llm-sae-difficulty";
export const PUBLISHED_COMMIT = "59971cfb4a43344b8f6371d77a993b9b63213639";

/** Every activation file holds one tensor of shape [nItems, nVectors, dModel], float16. */
export const ACTIVATIONS_TENSOR = "encoder_embeddings";

/** Latents that its SAEs keep a vector; no checkpoint says so, their file name does. */
export const PUBLISHED_K = 32;

/** What a ladder was fitted on. */
export interface PublishedFiles {
  readonly activations: string;
  readonly metadata: string;
  readonly sae: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Files by data set and layer, relative to the repository. */
export const PUBLISHED_FILES: Readonly<
  Record<"squad" | "hellaswag", Readonly<Record<"mid" | "late", PublishedFiles>>>
> = {
  squad: {
    mid: {
      activations: "activations/squad_activations.safetensors",
      metadata: "activations/squad_metadata.parquet",
      sae: "sae/checkpoints/sae_topk_32.pt",
      sha256: "c54e224305882354cb41c66e303723dd94c4080d456eef5e1358d0ebd5e6fcfb",
      bytes: 10_240_096,
    },
    late: {
      activations: "activations_late/squad_activations.safetensors",
      metadata: "activations_late/squad_metadata.parquet",
      sae: "sae/checkpoints_late_squad/sae_topk_32.pt",
      sha256: "8fc8536d2b7ce49c93fed684fdf8d7a76318f6cbb8ff32ed29170ba9ca38ccb0",
      bytes: 10_240_096,
    },
  },
  hellaswag: {
    mid: {
      activations: "activations/hellaswag_activations.safetensors",
      metadata: "activations/hellaswag_metadata.parquet",
      sae: "sae/checkpoints_hellaswag_l12/sae_topk_32.pt",
      sha256: "b5d9862171a0101ef4276155884f7045a9965afbbf0e9c33e12be18bbb6474ff",
      bytes: 40_960_096,
    },
    late: {
      activations: "activations_late/hellaswag_activations.safetensors",
      metadata: "activations_late/hellaswag_metadata.parquet",
      sae: "sae/checkpoints_late/sae_topk_32.pt",
      sha256: "68bacced9ed7ccdada9e43147b30cc3968cf466326626013ccd403cd27904b55",
      bytes: 40_960_096,
    },
  },
};
