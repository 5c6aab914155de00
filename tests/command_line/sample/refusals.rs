//! Bad input: exit code 2, one line that names the value.

use super::*;
use crate::support::command_line::refused;

#[test]
fn bad_input_is_refused_in_one_line() {
    let (folder, path) = folder(HYBRID);
    let with =
        |arguments: &str, parts: &[&str]| refused(&format!("sample {path} {arguments}"), parts);
    with(
        "--budgets 0",
        &["sampling.budgets[0] = 0", "from 1 to 2^53"],
    );
    with(
        "--budgets 5",
        &["sampling.budgets = 5, with 4 keys that are not kept at query 0"],
    );
    with("--budgets 1.5", &["sampling.budgets[0] = 1.5"]);
    with("--budgets many", &["sampling.budgets[0] = \"many\""]);
    with(
        "--top 6",
        &["sampling.keep = all 6 keys", "a tail must be left"],
    );
    with("--sink 3 --window 3", &["all 6 keys"]);
    with("--top=-1", &["sampling.keep.top = -1", "from 0"]);
    with(
        "--keep 1,6",
        &["a kept index must be less than the number of keys", "6"],
    );
    with(
        "--keep 1,1",
        &["a kept index must be in the list once only"],
    );
    with("--keep=-1", &["sampling.keep.indices[0] = -1"]);
    with(
        "--design systematic",
        &["systematic", "without-replacement"],
    );
    with(
        "--design importance-sampling",
        &["sampling.proxy", "required"],
    );
    with(
        "--proxy nowhere.npy",
        &["sampling.proxy", "importance-sampling"],
    );
    with(
        "--proxy nowhere.npy --design importance-sampling",
        &["nowhere.npy"],
    );
    with("--epsilon 0", &["--epsilon = 0", "greater than 0"]);
    with("--epsilon nan", &["--epsilon"]);
    with("--epsilon 0.1 --delta 0.6", &["--delta ="]);
    with("--delta 0.1", &["--epsilon"]);
    with(
        "--epsilon 0.1 --compare",
        &["it searches the smallest budgets"],
    );
    with("--epsilon 0.1 --tail 0.1", &["cannot be used with"]);
    with("--tail=-1", &["--tail ="]);
    with("--prompts 10", &["--monte-carlo or --delta"]);
    with("--monte-carlo --prompts 1", &["from 2 to 2^48"]);
    with("--caption x", &["latex"]);
    with("--plot p.png", &["must end in .svg"]);
    with("--law gaussian", &["cannot be used together"]);
    let broken = |sampling: &str, parts: &[&str]| {
        refused(
            &format!("sample {}", scenario(folder.path(), sampling)),
            parts,
        );
    };
    broken(
        "keep = { first = 1 }\nbudgets = [1]",
        &["sampling.keep.first", "unknown"],
    );
    broken("keep = 3\nbudgets = [1]", &["sampling.keep = 3"]);
    broken("bugdets = [1]", &["sampling.bugdets", "unknown"]);
    broken("budgets = []", &["sampling.budgets = []"]);
    broken(
        "keep = { top = 1 }",
        &["sampling.budgets = nothing", "--budgets", "--epsilon"],
    );
    broken(
        "proxy = 'proxy.csv'\nbudgets = [1]",
        &["sampling.proxy", "importance-sampling"],
    );
    broken(
        "design = 'importance-sampling'\nproxy = 'q.csv'\nbudgets = [1]",
        &["sampling.proxy = 2 x 2", "6 x 1"],
    );
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("bad.csv", "1\n0\n1\n1\n1\n1\n");
    broken(
        "design = 'importance-sampling'\nproxy = 'bad.csv'\nbudgets = [1]",
        &["the proxy of a key of the tail", "0"],
    );
    let whole = |text: String, parts: &[&str]| {
        write("w.toml", &text);
        refused(
            &format!("sample {}", folder.path().join("w.toml").display()),
            parts,
        );
    };
    let sampling = "[sampling]\nbudgets = [1]\n";
    whole(CACHE.to_owned(), &["sampling.budgets = nothing"]);
    whole(format!("sampling = 1\n{CACHE}"), &["sampling = 1"]);
    let query = "law = 'fixed'\nfile = 'q.csv'";
    let gaussian = "law = 'gaussian'\ncovariance = { kind = 'identity' }";
    whole(
        CACHE.replace(query, gaussian) + sampling,
        &["query.law", "fixed"],
    );
    whole(
        CACHE.replace("scale = 0.5", "scale = 0.5\nfixed_tokens = [[1, 1, 1, 1]]") + sampling,
        &["head.fixed_tokens", "sampling.keep"],
    );
    // A score beyond 1e300, which no weight survives.
    whole(
        CACHE.replace("scale = 0.5", "scale = 1e300") + sampling,
        &["score"],
    );
    let normal = "--law gaussian --dimension 2 --query-rows 1,0 --budgets 4";
    refused(
        &format!("sample {normal}"),
        &["tokens.law", "empirical or key-value"],
    );
    refused(
        "sample examples/minilm.toml",
        &["sampling.budgets = nothing"],
    );
    refused("sample", &["a scenario file, or flags"]);
}
