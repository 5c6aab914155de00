//! How the cost of a table grows with the number of tokens, queries, lengths and dimensions.
//!
//! `cargo bench --bench scale` prints, as Markdown, whole commands beside a pass that only reads the file and forms scores and outputs, and
//! the growth of the exact values alone with the exponent fitted between the ends. `-- 10000` takes at most so many tokens.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use attention_bounds::exact::output_error;
use attention_bounds::file::{TableOptions, read_table};
use attention_bounds::law::{Empirical, TokenLaw};
use attention_bounds::nalgebra::{DMatrix, DVector};
use attention_bounds::parameter::PromptLength;
use attention_bounds::rand::{RngExt, SeedableRng};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let most = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(1_000_000);
    commands(most)?;
    scan()?;
    growth(most)
}

/// The least of some times, in seconds.
fn least<T>(runs: usize, mut work: impl FnMut() -> T) -> f64 {
    let time = |_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed().as_secs_f64()
    };
    (0..runs).map(time).fold(f64::INFINITY, f64::min)
}

/// Normal numbers, of a standard deviation.
fn normal(rows: usize, columns: usize, deviation: f64) -> DMatrix<f64> {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64((rows * 31 + columns) as u64);
    DMatrix::from_fn(rows, columns, |_, _| {
        let (u, v): (f64, f64) = (random.random(), random.random());
        deviation * (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    })
}

/// A matrix as `.npy`, one row after the other.
fn write(path: &Path, matrix: &DMatrix<f64>) -> std::io::Result<()> {
    let (rows, columns) = matrix.shape();
    let mut header =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for number in matrix.transpose().iter() {
        bytes.extend(number.to_le_bytes());
    }
    std::fs::write(path, bytes)
}

/// The program with these arguments: seconds, and the most memory it held in MB where the system says (Linux).
fn run(arguments: &[&std::ffi::OsStr]) -> Result<(f64, f64), Failure> {
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_attention-bounds"));
    let mut child = command.args(arguments).stdout(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut memory = f64::NAN;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        memory = kilobytes.map_or(memory, |kilobytes| kilobytes / 1024.0);
        std::thread::sleep(std::time::Duration::from_millis(2));
    };
    if !ended.success() {
        return Err(format!("the program ended with {ended}").into());
    }
    Ok((start.elapsed().as_secs_f64(), memory))
}

/// Whole commands, `V` and `U` the identity.
fn commands(most: usize) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    println!(
        "| tokens | d | queries | file (MB) | `table`, one length (s) | memory (MB) | file, scores and outputs only (s) | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (count, d, queries) in [(1_000_000, 8, 1), (100_000, 64, 8)] {
        let count = count.min(most);
        let (tokens, query) = (
            folder.path().join("tokens.npy"),
            folder.path().join("queries.npy"),
        );
        write(&tokens, &normal(count, d, 1.0))?;
        write(&query, &normal(queries, d, 1.6 / (d as f64).sqrt()))?;
        let scenario = folder.path().join("scale.toml");
        std::fs::write(
            &scenario,
            "[tokens]\nlaw = \"empirical\"\nfile = \"tokens.npy\"\n[query]\nlaw = \"fixed\"\nfile = \"queries.npy\"\n[head]\n\
             key_query = { kind = \"identity\" }\nvalue = { kind = \"identity\" }\n[grid]\nlengths = [1000]\n",
        )?;
        let arguments = ["table".as_ref(), scenario.as_os_str()];
        let (mut whole, mut memory) = (f64::INFINITY, f64::NAN);
        for _ in 0..5 {
            let (seconds, megabytes) = run(&arguments)?;
            (whole, memory) = (whole.min(seconds), memory.max(megabytes));
        }
        let size = std::fs::metadata(&tokens)?.len() >> 20;
        let queries = read_table(&query, &TableOptions::default())?
            .matrix
            .transpose();
        let identity = DMatrix::identity(d, d);
        let floor = least(5, || {
            let rows = read_table(&tokens, &TableOptions::default()).map(|table| table.matrix);
            rows.map(|rows| (&rows * &queries, &rows * &identity))
        });
        println!(
            "| {count} | {d} | {} | {size} | {whole:.2} | {memory:.0} | {floor:.2} | {:.1} |",
            queries.ncols(),
            whole / floor
        );
    }
    Ok(())
}

/// `scan` of six layers of the MiniLM example, each a copy of layer 3: 72 heads, 2,048 tokens of 384 dimensions, 8 queries a head.
fn scan() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/minilm");
    for layer in 0..6 {
        for (from, to) in [("tokens", "npy"), ("attention", "safetensors")] {
            let name = format!("{from}-{layer}.{to}");
            std::fs::copy(
                example.join(format!("{from}.{to}")),
                folder.path().join(name),
            )?;
        }
    }
    let scenario = folder.path().join("scan.toml");
    std::fs::write(
        &scenario,
        "[scan]\nweights = \"attention-{layer}.safetensors\"\nprefix = \"encoder.layer.3.attention.self\"\nlayers = [0, 1, 2, 3, 4, 5]\n\
         heads = 12\ntokens = \"tokens-{layer}.npy\"\nqueries = 8\nlengths = [16, 256, 4096]\nepsilon = 0.01\n",
    )?;
    let (seconds, memory) = run(&["scan".as_ref(), scenario.as_os_str()])?;
    println!("\n`scan`, 6 layers of 12 heads: {seconds:.1} s, {memory:.0} MB");
    Ok(())
}

/// The exact values alone, one thing changed at a time.
fn growth(most: usize) -> Result<(), Failure> {
    println!("\n| grows | values | exact values (s) | exponent |");
    println!("|---|---|---|---|");
    let base = (10_000_usize.min(most), 8, 1, 1);
    let sizes: Vec<usize> = [1_000, 10_000, 100_000, 1_000_000]
        .into_iter()
        .filter(|n| *n <= most)
        .collect();
    show("tokens", &sizes, |n| (n, base.1, base.2, base.3))?;
    show("d = m", &[4, 16, 64, 256], |d| (base.0, d, base.2, base.3))?;
    show("queries", &[1, 4, 16, 64], |q| (base.0, base.1, q, base.3))?;
    show("lengths", &[1, 4, 16, 64], |l| (base.0, base.1, base.2, l))
}

fn show(
    name: &str,
    values: &[usize],
    sizes: impl Fn(usize) -> (usize, usize, usize, usize),
) -> Result<(), Failure> {
    let times = values.iter().map(|&value| time(sizes(value)));
    let times = times.collect::<Result<Vec<f64>, Failure>>()?;
    let ends = (
        values.first().zip(times.first()),
        values.last().zip(times.last()),
    );
    let exponent = match ends {
        (Some((from, least)), Some((to, most))) => {
            (most / least).ln() / (*to as f64 / *from as f64).ln()
        }
        _ => f64::NAN,
    };
    let list = |numbers: Vec<String>| numbers.join(", ");
    let values = list(values.iter().map(ToString::to_string).collect());
    let times = list(times.iter().map(|time| format!("{time:.4}")).collect());
    println!("| {name} | {values} | {times} | {exponent:.2} |");
    Ok(())
}

/// Seconds of all queries, one after the other.
fn time((count, d, queries, lengths): (usize, usize, usize, usize)) -> Result<f64, Failure> {
    let tokens = Empirical::new(&normal(count, d, 1.0))?;
    let seen = tokens.through(&DMatrix::identity(d, d));
    let tilts = normal(d, queries, 1.6 / (d as f64).sqrt());
    let lengths = (1..=lengths as u64).map(|place| PromptLength::new(100 * place));
    let lengths = lengths.collect::<Result<Vec<_>, _>>()?;
    Ok(least(3, || {
        let values = tilts.column_iter().map(|tilt| {
            let tilt: DVector<f64> = tilt.into_owned();
            output_error(seen.as_ref(), &tilt, &lengths).is_ok()
        });
        values.filter(|fine| *fine).count()
    }))
}
