package com.tvtantrum.opensearch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.logging.log4j.LogManager;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.index.rankeval.RankEvalPlugin;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.join.ParentJoinPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.percolator.PercolatorPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.script.mustache.MustachePlugin;
import org.opensearch.search.aggregations.matrix.MatrixAggregationPlugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node from the jars that are published, with the modules of the distribution that a
 * search needs. Its own start-up class wants the distribution's folders, which no jar holds.
 *
 * <p>Settings come from {@code config/opensearch.yml} below the folder that {@code opensearch.home}
 * names, and {@code -Ename=value} arguments win over them.
 */
public final class Server extends Node {

  private static final List<Class<? extends Plugin>> MODULES =
      List.of(
          CommonAnalysisPlugin.class,
          MapperExtrasPlugin.class,
          MatrixAggregationPlugin.class,
          MustachePlugin.class,
          Netty4Plugin.class,
          PainlessPlugin.class,
          ParentJoinPlugin.class,
          PercolatorPlugin.class,
          RankEvalPlugin.class,
          ReindexPlugin.class);

  /** For tasks that are under way; the chart gives the pod more. */
  private static final long STOP_SECONDS = 20;

  private Server(Environment environment) {
    super(environment, MODULES, true);
  }

  /** Serves until the process is told to stop, and then exits with 0. */
  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(System.getProperty("opensearch.home"));
    Settings settings = Settings.builder().put("path.home", home).build();
    Server server =
        new Server(
            InternalSettingsPreparer.prepareEnvironment(
                settings, given(arguments), home.resolve("config"), () -> "opensearch"));
    server.start();
    // Not earlier: what fails to start must not end as if it had been told to stop.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server), "stop"));
    new CountDownLatch(1).await();
  }

  private static Map<String, String> given(String[] arguments) {
    Map<String, String> found = new HashMap<>();
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      if (!argument.startsWith("-E") || equals < 0) {
        throw new IllegalArgumentException(argument + " is not of the form -Ename=value");
      }
      found.put(argument.substring(2, equals), argument.substring(equals + 1));
    }
    return found;
  }

  private static void stop(Server server) {
    int status = 1;
    try {
      server.close();
      status = server.awaitClose(STOP_SECONDS, TimeUnit.SECONDS) ? 0 : 1;
    } catch (IOException e) {
      LogManager.getLogger(Server.class).error("closing the node failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    LogManager.shutdown();
    // Otherwise the status would be the signal's, 143, which looks like a failure.
    Runtime.getRuntime().halt(status);
  }
}
