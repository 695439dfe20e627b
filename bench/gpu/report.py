"""Markdown and pictures of what run.py found."""
import statistics

import nccl


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def failure(text):
    return "failed: " + text.splitlines()[-1].replace("|", "/")[:120] if text else "failed"


def comparison_rows(rows):
    for row in rows:
        if "error" in row:
            yield [row["name"], failure(row["error"]), "", "", ""]
            continue
        off = ["%.1e" % row[key] for key in ("loss_deviation", "probability_deviation")]
        yield [row["name"], "yes" if row["agrees"] else "NO", "yes" if row["equal_bytes"] else "NO", *off]


def median_of(record):
    """Of the medians of the rounds; None without any."""
    return statistics.median(record["ms"]) if record.get("ms") else None


def contest_rows(rows, names):
    for row in rows:
        words = [row["name"], row["mode"], str(row["batch"])]
        if "error" in row:
            yield words + [failure(row["error"])] + [""] * (1 + 2 * len(names))
            continue
        ours = statistics.median(row["ours_ms"])
        words += ["%.2f" % ours, "%.1f" % (row["batch"] / ours * 1e3)]
        for name in names:
            record = row["peers"].get(name, {})
            theirs = median_of(record)
            words += ["%.2f" % theirs, "%.2f" % (theirs / ours)] if theirs else [failure(record["failed"]) if "failed" in record else "", ""]
        yield words


def peer_names(results):
    names = []
    for row in results["contests"]:
        names += [name for name in row.get("peers", {}) if name not in names]
    return names


def kernel_rows(kernels):
    """A row for each kernel kind, op and multiply type: whether its cases pass. What has none is not verified."""
    groups = {}
    for record in kernels["records"]:
        groups.setdefault((record["kind"], record["op"], record["types"], record["multiplied"]), []).append(record)
    for omitted in kernels.get("omitted", []):
        groups.setdefault((omitted["kind"], omitted["op"], omitted["types"], omitted["multiplied"]), [])
    for key, records in sorted(groups.items()):
        ran = [record for record in records if "skipped" not in record]
        passed = sum(record["passed"] for record in ran)
        verified = "yes" if ran and passed == len(ran) else "NO" if ran else "no, not run" if records else "no, has no case"
        worst = max((record.get("of_bound", 0) for record in ran if record["passed"]), default=0)
        yield [*key, ", ".join(sorted({record["version"] for record in ran})), f"{passed} of {len(ran)}", "%.2f" % worst if ran else "", verified]


def markdown(results):
    lines = [f"# {results['device']}", "", f"Commit {results['commit']}; {results['seconds']:.0f} s" + (", out of time" if results["cut"] else "") + ".", ""]
    kernels = results["kernels"]
    lines += ["## Kernels", ""]
    if "records" in kernels:
        lines += ["Against the reference evaluation: every element in its interval, equal bits in three runs, nothing else written.", ""]
        lines += table(["kernel", "op", "in memory", "multiplied as", "versions", "cases that pass", "of the bound at most", "verified on this device"],
                       kernel_rows(kernels))
        lines += [f"- FAILED: {record['name']} ({record['kind']} {record['op']}, {record['origin']}): {failure(record['fault'])}"
                  for record in kernels["records"] if record.get("fault")] + [""]
    else:
        lines += [kernels.get("left_out", "Not run."), ""]
    lines += ["## NCCL", "", "Collectives of a step by one rank, issued and in a recorded graph: " + nccl.text(results["nccl"]) + ".", ""]
    lines += ["## Steps against the processor", "", "Five steps on the same batches, twice on the GPU and once on the processor.", ""]
    lines += table(["model", "agrees", "same bytes twice", "loss off by", "probability off by"], comparison_rows(results["comparisons"]))
    names = peer_names(results)
    head = ["model", "mode", "batch", "ms", "samples/s"]
    for name in names:
        head += [name + ", ms", "ours is faster by"]
    lines += ["## Times", "", "Medians; each peer's rounds lie between ours. A sample of unet3d is a patch of 128^3 (MLPerf).", ""]
    lines += table(head, contest_rows(results["contests"], names))
    return "\n".join(lines)


def draw(results, folder):
    """A picture for each mode, where matplotlib is; returns the paths."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is left out: no pictures", flush=True)
        return []
    matplotlib.use("Agg")
    from matplotlib import pyplot

    paths, names = [], peer_names(results)
    for mode in ("train", "predict"):
        rows = [row for row in results["contests"] if row["mode"] == mode and row.get("ours_ms")]
        if not rows:
            continue
        figure, axes = pyplot.subplots(figsize=(8, 0.6 + 0.5 * len(rows)))
        series = [("segc", [1.0] * len(rows))]
        for name in names:
            theirs = [median_of(row["peers"].get(name, {})) for row in rows]
            series.append((name, [statistics.median(row["ours_ms"]) / t if t else 0 for row, t in zip(rows, theirs)]))
        height = 0.8 / len(series)
        for i, (name, values) in enumerate(series):
            axes.barh([place + i * height for place in range(len(rows))], values, height, label=name)
        axes.set_yticks(range(len(rows)), [f"{row['name']}, {row['batch']}" for row in rows])
        axes.invert_yaxis()
        axes.set_xlabel("samples a second, relative to segc")
        axes.set_title(f"{mode}, {results['device']}")
        axes.legend()
        path = f"{folder}/{mode}.png"
        figure.savefig(path, bbox_inches="tight", dpi=120)
        pyplot.close(figure)
        paths.append(path)
    return paths
