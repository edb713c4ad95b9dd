//! The programs of docs/lambda.md, compiled against the AWS packages that users have, and each once more with a mistake that must be found.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// A Python with `pulumi_aws` and basedpyright.
const PYTHON: &str = "KEYROTATION_RECIPES";
/// A folder whose `node_modules` has `@pulumi/aws` and TypeScript.
const NODE: &str = "KEYROTATION_NODE_AWS";

fn main() {
    let trials = vec![
        trial("python", PYTHON, python, ("lambda_.Function(", "lambda_.Functions(")),
        trial("typescript", NODE, typescript, ("memorySize:", "memorySizes:")),
        Trial::test("the_policy_of_the_page_is_that_of_the_programs", || policies().map_err(failed)),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

type Check = fn(&Path, &str) -> Result<String>;

/// `check` gives what is wrong with a program; nothing, if nothing is.
fn trial(language: &'static str, tool: &'static str, check: Check, mistake: (&'static str, &'static str)) -> Trial {
    Trial::ignorable_test(format!("{language}_of_the_page_compiles_and_a_mistake_is_found"), move || {
        let Some(place) = std::env::var_os(tool).map(PathBuf::from) else {
            return Ok(Completion::ignored_with(format!("{tool} is not set")));
        };
        let prove = || {
            let program = block(language)?;
            let wrong = check(&place, &program)?;
            ensure!(wrong.is_empty(), "{wrong}");
            let (right, misspelt) = mistake;
            let mistaken = program.replacen(right, misspelt, 1);
            ensure!(mistaken != program, "{right} is not in the program");
            let found = check(&place, &mistaken)?;
            let name = misspelt.trim_start_matches("lambda_.").trim_end_matches(['=', ':', '(']);
            ensure!(found.contains(name), "{misspelt} is not refused: {found:?}");
            Ok(())
        };
        prove().map(|()| Completion::Completed).map_err(failed)
    })
}

fn page() -> Result<String> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lambda.md");
    fs::read_to_string(place).context("docs/lambda.md cannot be read")
}

/// The first block of the page in a language.
fn block(language: &str) -> Result<String> {
    let page = page()?;
    let begin = format!("```{language}\n");
    let (_, rest) = page.split_once(&begin).with_context(|| format!("the page has no program in {language}"))?;
    Ok(rest.split_once("```").context("the block has no end")?.0.to_owned())
}

fn python(python: &Path, program: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let real = folder.path().canonicalize()?;
    fs::write(real.join("program.py"), program)?;
    fs::write(real.join("pyrightconfig.json"), r#"{"typeCheckingMode": "strict"}"#)?;
    let mut command = Command::new(python);
    command.args(["-m", "basedpyright", "--outputjson", "--pythonpath"]).arg(python).arg("--project").arg(&real);
    let report: serde_json::Value = serde_json::from_slice(&command.output()?.stdout).context("no report")?;
    ensure!(report["summary"]["filesAnalyzed"] == 1, "the program was not read: {}", report["summary"]);
    let found = report["generalDiagnostics"].as_array().context("no findings")?;
    Ok(found.iter().filter_map(|it| it["message"].as_str()).collect::<Vec<_>>().join("\n"))
}

fn typescript(packages: &Path, program: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("index.ts"), program)?;
    std::os::unix::fs::symlink(packages.join("node_modules"), folder.path().join("node_modules"))?;
    let compiler = packages.join("node_modules/typescript/bin/tsc");
    let mut command = Command::new("node");
    command.arg(compiler).args(["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"]);
    command.args(["--module", "commonjs", "--moduleResolution", "node", "--types", "node", "index.ts"]);
    let ended = command.current_dir(folder.path()).output().context("node does not start")?;
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    ensure!(ended.status.success() != told.contains("error TS"), "tsc said: {told}");
    Ok(told)
}

/// What the JSON of the page allows is what both programs allow.
fn policies() -> Result<()> {
    let policy: serde_json::Value = serde_json::from_str(&block("json")?)?;
    let statements = policy["Statement"].as_array().context("no statements")?;
    let of = |value: &serde_json::Value| match value {
        serde_json::Value::Array(all) => all.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    };
    let actions: Vec<String> = statements.iter().flat_map(|statement| of(&statement["Action"])).collect();
    ensure!(actions.len() == 10, "{actions:?}");
    for language in ["python", "typescript"] {
        let program = block(language)?;
        for action in &actions {
            let name = action.split(':').nth(1).unwrap_or_default();
            ensure!(program.contains(name), "the program in {language} does not allow {action}");
        }
    }
    Ok(())
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}
