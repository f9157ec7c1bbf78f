import workeropts.CompiledWorkerOptions;

/** Builds the options, which validates them. */
final class Construct {
  private Construct() {}

  public static void main(String[] arguments) {
    if (CompiledWorkerOptions.worker().getMaxConcurrentWorkflowTaskExecutionSize() < 2
        || CompiledWorkerOptions.factory().getMaxWorkflowThreadCount() < 1
        || CompiledWorkerOptions.shutdownTimeout().isNegative()) {
      throw new IllegalStateException("the options are not those that were written");
    }
  }
}
