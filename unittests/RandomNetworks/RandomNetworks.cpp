//===- RandomNetworks.cpp - Random networks against the reference ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Each seed is a network and a configuration. A separate process compiles, runs
// and compares it, so that a crash is the failure of one seed.

#include "Comparison.h"
#include "Fault.h"
#include "Generator.h"
#include "Jobs.h"
#include "Steering.h"
#include "Strategies.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "segc/Driver/CompileCommand.h"
#include "segc/Program/Programs.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <map>

using namespace segc;
using namespace segc::random_networks;

/// Interval of the seeds whose kernels are also compared one by one, which
/// takes three times as long as the model.
static constexpr uint64_t kernelPeriod = 5;

/// Those of 8 bits all are: where a rounding changes a number of 8 bits, that
/// of a model says little.
static bool comparesKernels(uint64_t seed) {
  return seed % kernelPeriod == 0 || Turn(seed).isQuantized;
}

namespace {

/// The first of the explored seeds, which follow the fixed ones.
constexpr uint64_t firstExplored = 100000;
constexpr unsigned secondsPerSeed = 300;
constexpr const char *emulatedTarget = "cuda-emulated";
/// The number of kernels of the fixed seeds that each strategy of a published
/// network must have.
constexpr int64_t requiredReaches = 5;

struct Options {
  uint64_t first = 0, count = 300;
  unsigned jobs = 2;
  double seconds = 0;     ///< Duration of the exploration.
  std::string nextSeed;   ///< File that contains the first seed to explore.
  std::string logs = "."; ///< Folder for failing networks.
  std::string shipped;    ///< Folder with the published networks.
  bool plansOnly = false; ///< Only count strategies, without comparison.
  std::string target = "cpu";
};

/// Writes the seed's network and returns its number of samples; 0 if the
/// network is not valid.
int64_t writeNetwork(uint64_t seed, const std::string &file) {
  CompilerContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = Generator(&context, seed).build();
  if (failed(mlir::verify(*module)))
    return 0;
  std::error_code error;
  llvm::raw_fd_ostream(file, error) << networkText(*module);
  auto network = *module->getOps<seg::NetworkOp>().begin();
  return mlir::cast<mlir::RankedTensorType>(
             network.getForward().getArgument(0).getType())
      .getDimSize(0);
}

/// Prints the result and returns whether the model agrees.
bool report(llvm::Expected<Deviation> deviation) {
  if (!deviation) {
    llvm::outs() << "error: " << llvm::toString(deviation.takeError()) << "\n";
    return false;
  }
  llvm::outs() << (deviation->ok() ? "agrees" : "DEVIATES") << ": "
               << deviation->of << " is off by " << deviation->value
               << ", rounding allows " << deviation->bound << "\n";
  llvm::outs().flush();
  return deviation->ok();
}

struct PlanFacts {
  std::vector<std::string> strategies;
  int64_t arena = 0; ///< Bytes of the largest arena.
};

llvm::Expected<PlanFacts> planOf(const std::string &file,
                                 CompileOptions options) {
  options.input = file;
  CompilerContext context(mlir::MLIRContext::Threading::DISABLED);
  PlanFacts facts;
  auto collect = [&](mlir::ModuleOp module, const Target &, mlir::ModuleOp) {
    llvm::append_range(facts.strategies, strategiesOf(module));
    for (auto program : module.getOps<exec::ProgramOp>())
      facts.arena =
          std::max(facts.arena, static_cast<int64_t>(program.getArena()));
    return llvm::Error::success();
  };
  if (llvm::Error error = forEachProgram(context, options, collect))
    return error;
  return facts;
}

void print(const PlanFacts &facts) {
  for (const std::string &strategy : facts.strategies)
    llvm::outs() << "strategy: " << strategy << "\n";
  llvm::outs().flush();
}

/// Limits the arena to the configured part of `facts.arena`, if a plan fits.
/// Some limits cannot be met by any recomputation.
void limitMemory(const std::string &file, Configuration &configuration,
                 PlanFacts &facts) {
  if (configuration.memoryShare == 0)
    return;
  CompileOptions limited = configuration.compile;
  limited.pipeline.fitMemory =
      static_cast<int64_t>(configuration.memoryShare * facts.arena);
  llvm::Expected<PlanFacts> fitting = planOf(file, limited);
  if (!fitting) {
    llvm::sys::fs::remove(file + ".reproducer.mlir");
    return llvm::consumeError(fitting.takeError());
  }
  configuration.compile = limited;
  facts = *fitting;
}

bool compare(const std::string &file, const Configuration &configuration,
             uint64_t seed, const std::string &directory, bool kernels) {
  bool agrees = report(compareModel(file, configuration, seed, directory));
  if (kernels)
    agrees &= report(compareKernels(file, configuration));
  return agrees;
}

/// Runs a seed in its own process.
int runSeed(const Options &options, uint64_t seed, const std::string &file,
            const std::string &directory) {
  int64_t batch = writeNetwork(seed, file);
  if (!batch) {
    llvm::outs() << "error: the network does not verify\n";
    return 1;
  }
  Configuration configuration = drawConfiguration(
      seed, batch, /*emulated=*/options.target == emulatedTarget);
  auto facts = planOf(file, configuration.compile);
  if (facts)
    limitMemory(file, configuration, *facts);
  llvm::outs() << "options: " << commandLine(configuration.compile) << "\n"
               << "run: --values " << seed << " --run-batch "
               << configuration.batch << " --run-threads "
               << configuration.threads << " --run-device "
               << configuration.device
               << (comparesKernels(seed) ? " --kernels\n" : "\n");
  llvm::outs().flush();
  if (!facts)
    return !report(facts.takeError());
  print(*facts);
  return options.plansOnly || compare(file, configuration, seed, directory,
                                      comparesKernels(seed))
             ? 0
             : 1;
}

/// Returns the lines of a process's output that begin with the prefix.
std::vector<std::string> linesOf(llvm::StringRef output,
                                 llvm::StringRef prefix) {
  std::vector<std::string> found;
  while (!output.empty()) {
    auto [line, rest] = output.split('\n');
    if (line.consume_front(prefix))
      found.push_back(line.str());
    output = rest;
  }
  return found;
}

std::string lastLine(llvm::StringRef output, llvm::StringRef prefix) {
  auto lines = linesOf(output, prefix);
  return lines.empty() ? "" : lines.back();
}

/// Prints the commands that reproduce and reduce a failure.
void describeFailure(const std::string &name, const JobResult &result,
                     const std::string &file) {
  std::string compile = lastLine(result.output, "options: "),
              check = compile + " " + lastLine(result.output, "run: ");
  std::string kind = "signal";
  for (const char *said : {"error", "DEVIATES"})
    if (!linesOf(result.output, said).empty())
      kind = said;
  llvm::outs() << "\n" << name << " FAILED: " << result.end << "\n";
  for (llvm::StringRef line : linesOf(result.output, ""))
    if (!line.starts_with("strategy: "))
      llvm::outs() << "  " << line << "\n";
  llvm::outs() << "  compiled: segc compile " << file << " -o " << file
               << ".so " << compile << "\n"
               << "  again: SegcRandomNetworks check " << file << " " << check
               << "\n"
               << "  reduce: CHECK=\"" << check << "\" FOR=" << kind
               << " segc-reduce " << file
               << " --seg-reduce-network=test=unittests/RandomNetworks/"
                  "interesting\n";
}

class Campaign {
public:
  explicit Campaign(const Options &options) : options(options) {}
  int run();

private:
  bool startNext();
  bool finishOne();
  void countShipped();
  void steerToRare();
  bool reachesShipped();

  const Options &options;
  Jobs jobs;
  std::chrono::steady_clock::time_point begin =
      std::chrono::steady_clock::now();
  uint64_t next = 0;
  llvm::SmallString<128> directory;
  std::map<std::string, int64_t> reached;
  std::set<std::string> wanted;
  uint64_t done = 0, failures = 0;
};

std::string networkFile(const Options &options, uint64_t seed) {
  return options.logs + "/random-" + std::to_string(seed) + ".mlir";
}

bool Campaign::startNext() {
  std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - begin;
  if (options.seconds ? elapsed.count() > options.seconds
                      : next == options.first + options.count)
    return false;
  uint64_t seed = next++;
  std::string place = (directory + "/" + std::to_string(seed)).str();
  jobs.start(seed, secondsPerSeed, [this, seed, place] {
    (void)llvm::sys::fs::create_directories(place);
    int code = runSeed(options, seed, networkFile(options, seed), place);
    llvm::sys::fs::remove_directories(place);
    return code;
  });
  return true;
}

bool Campaign::finishOne() {
  if (jobs.empty())
    return false;
  auto [seed, result] = jobs.wait();
  ++done;
  for (const std::string &strategy : linesOf(result.output, "strategy: "))
    ++reached[strategy];
  if (result.ok) {
    llvm::sys::fs::remove(networkFile(options, seed));
    return true;
  }
  ++failures;
  describeFailure("seed " + std::to_string(seed), result,
                  networkFile(options, seed));
  return true;
}

/// Counts the strategies of the published networks.
void Campaign::countShipped() {
  std::vector<CompileOptions> usual = usualOptions();
  std::error_code error;
  uint64_t number = 0;
  auto collect = [&] {
    JobResult result = jobs.wait().second;
    if (!result.ok) {
      ++failures;
      llvm::outs() << result.output;
    }
    for (std::string &strategy : linesOf(result.output, "strategy: "))
      wanted.insert(std::move(strategy));
  };
  for (llvm::sys::fs::directory_iterator at(options.shipped, error), end;
       at != end && !error; at.increment(error)) {
    std::string file = at->path();
    if (!llvm::StringRef(file).ends_with(".mlir"))
      continue;
    for (const CompileOptions &compile : usual) {
      if (jobs.size() == options.jobs)
        collect();
      jobs.start(number++, secondsPerSeed, [file, compile] {
        auto facts = planOf(file, compile);
        if (!facts)
          return int(!report(facts.takeError()));
        print(*facts);
        return 0;
      });
    }
  }
  while (!jobs.empty())
    collect();
}

/// Compares kernels of strategies that the seeds used too rarely.
void Campaign::steerToRare() {
  std::vector<std::string> rare;
  for (const std::string &strategy : wanted)
    if (reached[strategy] < requiredReaches)
      rare.push_back(strategy);
  auto fileOf = [&](uint64_t number) {
    return options.logs + "/steered-" + std::to_string(number) + ".mlir";
  };
  auto collect = [&] {
    auto [number, result] = jobs.wait();
    for (const std::string &strategy : linesOf(result.output, "strategy: "))
      ++reached[strategy];
    if (result.ok) {
      llvm::sys::fs::remove(fileOf(number));
      return;
    }
    ++failures;
    describeFailure(rare[number], result, fileOf(number));
  };
  for (auto [number, strategy] : llvm::enumerate(rare)) {
    if (jobs.size() == options.jobs)
      collect();
    jobs.start(number, secondsPerSeed,
               [strategy = strategy, file = fileOf(number),
                missing = requiredReaches - reached[strategy]] {
                 return compareKernelsOf(strategy, missing, file) ? 0 : 1;
               });
  }
  while (!jobs.empty())
    collect();
}

bool Campaign::reachesShipped() {
  uint64_t rare = 0;
  for (const std::string &strategy : wanted)
    if (reached[strategy] < requiredReaches) {
      ++rare;
      llvm::outs() << "reached by " << reached[strategy]
                   << " kernels, expected " << requiredReaches << ": "
                   << strategy << "\n";
    }
  llvm::outs() << wanted.size() << " strategies of the published networks, "
               << rare << " of them too rare\n";
  return !wanted.empty() && rare == 0;
}

int Campaign::run() {
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("segc-random", directory)) {
    llvm::errs() << "cannot make " << directory << ": " << error.message()
                 << "\n";
    return 1;
  }
  (void)llvm::sys::fs::create_directories(options.logs);
  next = options.first;
  if (options.seconds) {
    next = firstExplored;
    std::ifstream(options.nextSeed) >> next;
  }
  uint64_t first = next;
  while (jobs.size() < options.jobs && startNext()) {
  }
  while (finishOne())
    startNext();
  if (options.seconds)
    std::ofstream(options.nextSeed) << next << "\n";
  bool complete = true;
  if (!options.shipped.empty()) {
    countShipped();
    if (!options.plansOnly)
      steerToRare();
    complete = reachesShipped();
  }
  llvm::sys::fs::remove_directories(directory);
  llvm::outs() << done << " random networks from seed " << first << ", "
               << failures << " FAILED\n";
  return failures || !complete;
}

int check(Configuration configuration, uint64_t values, bool kernels) {
  if (configuration.compile.cpus.empty() &&
      configuration.compile.targets.empty())
    configuration.compile.cpus = {"native"};
  llvm::SmallString<128> directory;
  if (llvm::sys::fs::createUniqueDirectory("segc-random", directory))
    return 2;
  bool agrees = compare(configuration.compile.input, configuration, values,
                        directory.str().str(), kernels);
  llvm::sys::fs::remove_directories(directory);
  return agrees ? 0 : 1;
}

void addRun(CLI::App &app, Options &options, int &code) {
  CLI::App *command = app.add_subcommand("run", "Compare seeds");
  command->add_option("--first", options.first, "First seed");
  command->add_option("--count", options.count, "Seeds");
  command->add_option("--jobs", options.jobs, "Processes")
      ->check(CLI::PositiveNumber);
  auto *seconds = command->add_option("--explore", options.seconds,
                                      "Seconds of new seeds instead");
  command
      ->add_option("--next-seed", options.nextSeed,
                   "File with the first seed of --explore; is written")
      ->needs(seconds);
  command->add_option("--logs", options.logs, "Folder for networks that fail");
  command->add_option("--require-strategies-of", options.shipped,
                      "Folder of networks whose every strategy must be "
                      "reached");
  command->add_option("--target", options.target, "What runs the networks")
      ->check(CLI::IsMember({std::string("cpu"), std::string(emulatedTarget)}));
  command->add_flag("--plans-only", options.plansOnly,
                    "Count strategies, compare nothing");
  command->callback([&] { code = Campaign(options).run(); });
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Random networks against the reference evaluation");
  app.require_subcommand(1);
  int code = 0;
  Options options;
  addRun(app, options, code);

  Configuration configuration;
  uint64_t seed = 0;
  CLI::App *single = app.add_subcommand(
      "check", "Compare one network, compiled with options of segc compile");
  addCompileOptions(*single, configuration.compile);
  single->add_option("--values", seed, "Seed of weights and inputs");
  single->add_option("--run-batch", configuration.batch, "Samples of a call");
  single->add_option("--run-threads", configuration.threads, "Threads");
  single->add_option("--run-device", configuration.device, "Device");
  bool kernels = false;
  single->add_flag("--kernels", kernels, "Each kernel alone as well");
  single->callback([&] { code = check(configuration, seed, kernels); });

  CLI::App *print = app.add_subcommand("print", "Print the network of a seed");
  print->add_option("SEED", seed)->required();
  print->callback([&] { code = writeNetwork(seed, "-") ? 0 : 1; });

  registerFault();
  CLI11_PARSE(app, argc, argv);
  return code;
}
