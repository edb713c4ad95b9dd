package seed;

/** A program that does nothing, so that Maven fetches all that it needs to build and run one. */
public final class App {
    private App() {}

    public static void main(String[] args) {}
}
