// weir jobs: the uploads, downloads and copies of many that were not finished, as the ledger has them.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "commands.hpp"
#include "duration.hpp"
#include "json_events.hpp"
#include "many_report.hpp"
#include "output.hpp"
#include "resume_line.hpp"
#include "transfer.hpp"
#include "weir/core/units.hpp"
#include "weir/ledger/ledger.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

constexpr std::string_view kWords[] = {"list", "show", "resume", "abort"};

Status usage(std::string cause, std::string advice = "Usage: weir jobs [list | show ID | resume ID | abort ID...]") {
  return Status(Kind::invalid_argument, std::move(cause)).during("run weir jobs").advise(std::move(advice));
}

Result<std::int64_t> id_of(const std::string& typed) {
  std::int64_t id = 0;
  const char* const end = typed.data() + typed.size();
  const auto [stop, error] = std::from_chars(typed.data(), end, id);
  if (error == std::errc() && stop == end && id > 0) return id;
  return usage(fmt::format("\"{}\" is no number of a job", typed), "'weir jobs' lists them.");
}

/// The job of that number; `verb` is what was asked for.
Result<JobRecord> find_job(Ledger& ledger, std::int64_t id, const char* verb) {
  auto job = ledger.job(id);
  if (job) return job;
  Error error = job.error();
  error.operation = fmt::format("{} job {}", verb, id);
  return Status(std::move(error));
}

std::string command_of(const JobRecord& job) {
  const auto hint = parse_hint(job.resume_hint);
  return hint && !hint->arguments.empty() ? shell_line(hint->arguments) : std::string();
}

std::string state_of(const JobRecord& job) {
  if (job.owner_pid != 0) return fmt::format("process {}", job.owner_pid);
  return job.set_aside ? "set aside" : "stopped";
}

/// The jobs that the options are about.
Result<std::vector<JobRecord>> chosen(Ledger& ledger, const Options& options) {
  WEIR_ASSIGN(auto jobs, ledger.jobs());
  if (options.older_than.empty()) return jobs;
  WEIR_ASSIGN(const auto age, duration_of("older-than", options.older_than));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t before = std::chrono::duration_cast<std::chrono::seconds>(now - age).count();
  std::erase_if(jobs, [&](const JobRecord& job) { return job.updated_unix > before; });
  return jobs;
}

/// Of streams nobody knows how long they will be.
std::string stored_of(const JobRecord& job) {
  if (job.is_many()) {
    return fmt::format("{:>20}",
                       fmt::format("{} in {} files", format_size(job.bytes_stored), grouped(job.items_stored)));
  }
  const bool known = job.source.size_bytes != 0 && job.stages.empty();
  return fmt::format("{:>8} of {:>8}", format_size(job.bytes_stored),
                     known ? format_size(job.source.size_bytes) : std::string("?"));
}

Status list(Ledger& ledger, const Options& options, Output& output) {
  WEIR_ASSIGN(const auto jobs, chosen(ledger, options));
  for (const JobRecord& job : jobs) {
    if (options.json) {
      output.print_line(job_event(job, command_of(job)));
      continue;
    }
    output.print(fmt::format("{:>4}  {:20}  {}  {:12}  {} -> {}\n", job.id, utc_time(job.updated_unix), stored_of(job),
                             state_of(job), printable(job.source.name), printable(job.destination)));
  }
  return {};
}

Status show(Ledger& ledger, std::int64_t id, const Options& options, Output& output) {
  WEIR_ASSIGN(const JobRecord job, find_job(ledger, id, "show"));
  const std::string command = command_of(job);
  if (options.json) {
    output.print_line(job_event(job, command));
    return {};
  }
  const auto hint = parse_hint(job.resume_hint);
  output.print(fmt::format("job          {}\nsource       {}\ndestination  {}\nstate        {}\n", job.id,
                           printable(job.source.name), printable(job.destination), state_of(job)));
  const std::string parts =
      job.is_many() ? std::string() : fmt::format(" in {} parts of {}", job.parts_stored, format_size(job.part_bytes));
  output.print(fmt::format("stored       {}{}\nbegun        {}\nupdated      {}\n", stored_of(job), parts,
                           utc_time(job.created_unix), utc_time(job.updated_unix)));
  if (job.goes_on_from) output.print(fmt::format("producer     goes on from byte {}\n", *job.goes_on_from));
  if (!command.empty())
    output.print(fmt::format("go on with   {}\nin           {}\n", command, printable(hint->directory)));
  return {};
}

/// The command line with which the job was begun, in the directory where that was.
Result<CommandLine> begun_by(const JobRecord& job) {
  const std::string operation = fmt::format("go back to how job {} was begun", job.id);
  auto hint = parse_hint(job.resume_hint);
  if (!hint) return hint.status().during(operation);
  if (hint->arguments.empty()) {
    return Status(Kind::unsupported, "it was begun by a program, or with what may be secret, which is not recorded")
        .during(operation)
        .advise("Run the same command or call again: it goes on by itself.");
  }
  if (!hint->directory.empty() && ::chdir(hint->directory.c_str()) != 0) {
    return Status(Kind::not_found, "the directory is not there any more: " + hint->directory).during(operation);
  }
  auto line = parse_command_line(hint->arguments);
  if (!line) return line.status().during(operation);
  return line;
}

Result<int> resume(Ledger& ledger, std::int64_t id, const Options& options) {
  WEIR_ASSIGN(const JobRecord job, find_job(ledger, id, "resume"));
  if (job.set_aside) {
    return Status(Kind::unsupported, "what it stores has other properties than what was asked for since")
        .during(fmt::format("resume job {}", id))
        .advise(fmt::format("'weir jobs abort {}' removes what was sent of it.", id));
  }
  WEIR_ASSIGN(CommandLine line, begun_by(job));
  const auto& operands = line.operands;
  if (std::find(operands.begin(), operands.end(), "-") != operands.end() && ::isatty(STDIN_FILENO) == 1) {
    return Status(Kind::invalid_argument, "its source is a pipe, and standard input is a terminal")
        .during(fmt::format("resume job {}", id))
        .advise(fmt::format("Run what wrote into it again: PROGRAM | weir jobs resume {}", id));
  }
  line.options.state_dir = ledger.path().substr(0, ledger.path().rfind('/'));  // wherever we are by now
  line.options.json = options.json;
  line.options.quiet = options.quiet;
  return run_cp(line);
}

Status forget_one(Ledger& ledger, const JobRecord& job, const Options& options, Output& output) {
  WEIR_TRY(forget_copy(ledger, job.id));
  if (options.json) {
    output.print_line(job_event(job, {}));
  } else if (!options.quiet) {
    say(fmt::format("forgot the copy to {} (job {}); what it has stored stays\n", printable(job.destination), job.id));
  }
  return {};
}

Status abort_one(Ledger& ledger, const JobRecord& job, const Options& options, Output& output) {
  if (job.is_many()) return forget_one(ledger, job, options, output);
  Options how = options;  // where nothing is recorded, the environment says which service
  if (auto line = begun_by(job)) how = line->options;
  WEIR_ASSIGN(const StorePlace place, open_place(job.destination, how, fmt::format("abort job {}", job.id)));
  const auto told = [&](const std::string& line) {
    if (options.json) output.print_line(notice_event(line));
    if (!options.quiet && !options.json) say(fmt::format("weir: {}\n", printable(line)));
  };
  WEIR_TRY(abort_job(ledger, job.id, *place.store->target(place.key, {}), told));
  if (options.json) {
    output.print_line(job_event(job, {}));
  } else if (!options.quiet) {
    say(fmt::format("removed what was {} of {} (job {}, {})\n", is_download(job) ? "read" : "sent",
                    printable(is_download(job) ? job.source.name : job.destination), job.id,
                    format_size(job.bytes_stored)));
  }
  return {};
}

/// Those named, or all that --older-than chooses. The first error is told at the end; the others are tried all the
/// same.
Status abort_many(Ledger& ledger, const std::vector<std::string>& typed, const Options& options, Output& output) {
  std::vector<JobRecord> jobs;
  for (const std::string& word : typed) {
    WEIR_ASSIGN(const std::int64_t id, id_of(word));
    WEIR_ASSIGN(JobRecord job, find_job(ledger, id, "abort"));
    jobs.push_back(std::move(job));
  }
  if (typed.empty()) {
    if (options.older_than.empty())
      return usage("which job to abort is not said", "Name it, or say --older-than TIME.");
    WEIR_ASSIGN(jobs, chosen(ledger, options));
    std::erase_if(jobs, [](const JobRecord& job) { return job.owner_pid != 0; });
  }
  Status first;
  for (const JobRecord& job : jobs) {
    Status status = abort_one(ledger, job, options, output);
    if (first.ok()) first = std::move(status);
  }
  return first;
}

}  // namespace

int run_jobs(const CommandLine& line) {
  const Options& options = line.options;
  std::vector<std::string> words = line.operands;
  const std::string verb = words.empty() ? "list" : words[0];
  if (!words.empty()) words.erase(words.begin());
  const auto fail = [&](const Status& status) { return report(status, options.json, options.colour); };
  if (std::find(std::begin(kWords), std::end(kWords), verb) == std::end(kWords)) {
    return fail(usage(fmt::format("there is no \"{}\" of jobs", verb)));
  }
  const bool one = verb == "show" || verb == "resume";
  if (one && words.size() != 1) return fail(usage(fmt::format("{} takes one job", verb)));
  if (verb == "list" && !words.empty()) return fail(usage("list takes no names"));
  const auto ledger = Ledger::open({options.state_dir, {}});
  if (!ledger) return fail(ledger.status());
  Output output;
  Status status;
  if (one) {
    const auto id = id_of(words[0]);
    if (!id) return fail(id.status());
    if (verb == "resume") {
      const auto code = resume(**ledger, *id, options);
      return code ? *code : fail(code.status());
    }
    status = show(**ledger, *id, options, output);
  } else {
    status = verb == "list" ? list(**ledger, options, output) : abort_many(**ledger, words, options, output);
  }
  if (!status.ok()) return fail(status);
  return finish(output.status(), options);
}

}  // namespace weir::cli
