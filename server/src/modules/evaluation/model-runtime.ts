/** A loaded model that scores columns of numbers, as every runtime offers it. */
export interface ModelRuntime {
  /** Names of the columns, in the order in which `predict` takes them. */
  readonly features: readonly string[];
  /**
   * Scores rows: the probability of the event, or the value of a regression.
   * Columns are float32 with NaN for missing, one per feature, all of one length.
   */
  predict(columns: readonly Float32Array[]): Promise<Float64Array>;
  close(): Promise<void>;
}
