//! One fault at every call that changes something, in the rotations that differ most.

fn main() {
    lambda_trials::run(false)
}
