//! One fault at every call of every rotation, with every end.

fn main() {
    lambda_trials::run(true)
}
