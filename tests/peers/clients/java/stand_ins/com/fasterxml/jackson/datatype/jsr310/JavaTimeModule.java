package com.fasterxml.jackson.datatype.jsr310;

import com.fasterxml.jackson.databind.module.SimpleModule;

/** Stands in for the module of this name, which Debian does not package: the client here has java.util.Date alone. */
public class JavaTimeModule extends SimpleModule {}
