package client;

import com.fasterxml.jackson.databind.module.SimpleModule;

/** Stands in for the generated one, which needs the module that is missing. */
public class RFC3339JavaTimeModule extends SimpleModule {}
