"""Load the application and host it, for HTTP and for jobs alike."""
