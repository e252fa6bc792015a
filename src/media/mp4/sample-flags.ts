/** sample_flags (ISO 14496-12, 8.8.3.1): sample_depends_on, sample_is_depended_on, sample_is_non_sync_sample. */
export const SampleFlag = {
  Independent: 0x0200_0000,
  Dependent: 0x0101_0000,
  Disposable: 0x0080_0000,
  NonSync: 0x0001_0000,
} as const;
