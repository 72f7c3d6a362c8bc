"""A sweep as a job array of SLURM."""
