import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.temporal.api.common.v1.Payload;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.serviceclient.Version;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Writes heartbeat details as an activity in Java would, with the SDK's default converter, or reads what
 * autobeat wrote.
 *
 * <pre>
 * mvn -q compile exec:java -Dexec.args="write ../java.json"
 * mvn -q compile exec:java -Dexec.args="read ../autobeat.json"
 * </pre>
 */
public final class Details {
  static final DataConverter CONVERTER = DefaultDataConverter.newDefaultInstance();
  static final ObjectMapper JSON = new ObjectMapper();
  static final String SDK = "io.temporal:temporal-sdk " + Version.LIBRARY_VERSION;

  record State(String lastId, int rows) {}

  record SnakeState(@JsonProperty("last_id") String lastId, int rows) {}

  record Progress(long done, Long total, String unit, String message, Double rate) {}

  record Finished(@JsonProperty("up_to") long upTo, List<List<Long>> beyond) {}

  static final Progress HALF = new Progress(42, 100L, "rows", null, null);
  static final byte[] BYTES = {0, 1, (byte) 254, (byte) 255};
  static final Finished FINISHED =
      new Finished(5, List.of(List.of(7L, 9L), List.of(12L, 13L)));

  /** What {@code heartbeat} is called with: it takes one value. */
  static Map<String, Object> heartbeats() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("number", 42);
    values.put("large number", 9007199254740993L);
    values.put("floating number", 42.0);
    values.put("text", "order-42");
    values.put("list", List.of(42, "order-42"));
    values.put("bytes", BYTES);
    values.put("null", null);
    values.put("state", new State("order-42", 42));
    values.put("state in snake case", new SnakeState("order-42", 42));
    values.put("state in camel case", new State("order-42", 42));
    values.put("progress", HALF);
    values.put("finished", FINISHED);
    values.put("finished without ranges", new Finished(5, null));
    values.put(
        "protobuf",
        WorkflowExecution.newBuilder().setWorkflowId("order-42").setRunId("42").build());
    return values;
  }

  /** What {@code getHeartbeatDetails} should find in what autobeat wrote: the first detail alone. */
  static Map<String, Object> expected() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("number", 42);
    values.put("text", "order-42");
    values.put("list", List.of(42, "order-42"));
    values.put("bytes", BYTES);
    values.put("state in snake case", new SnakeState("order-42", 42));
    values.put("state in camel case", new State("order-42", 42));
    values.put("finished", FINISHED);
    values.put("finished without ranges", new Finished(5, null));
    values.put("number and progress", 42);
    values.put("null and progress", null);
    return values;
  }

  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[1]);
    if (arguments[0].equals("read")) {
      read(file);
    } else {
      write(file);
    }
  }

  static void write(Path file) throws Exception {
    Map<String, Object> details = new LinkedHashMap<>();
    for (Map.Entry<String, Object> heartbeat : heartbeats().entrySet()) {
      // As an argument of type Object, null is one value, and an array is one as well.
      Object value = heartbeat.getValue();
      Payloads payloads = CONVERTER.toPayloads(new Object[] {value}).get();
      details.put(
          heartbeat.getKey(), payloads.getPayloadsList().stream().map(Details::fixtureOf).toList());
    }
    Map<String, Object> written = new LinkedHashMap<>();
    written.put("written_by", SDK);
    written.put("details", details);
    Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(written) + "\n");
  }

  static void read(Path file) throws Exception {
    JsonNode details = JSON.readTree(file.toFile()).get("details");
    Map<String, Object> expected = expected();
    for (Map.Entry<String, Object> entry : expected.entrySet()) {
      Payloads.Builder payloads = Payloads.newBuilder();
      details.get(entry.getKey()).forEach(fixture -> payloads.addPayloads(payloadOf(fixture)));
      Object value = entry.getValue();
      Class<?> type = typeOf(value);
      Object found = CONVERTER.fromPayloads(0, Optional.of(payloads.build()), type, type);
      if (!Objects.deepEquals(found, value)) {
        throw new AssertionError(entry.getKey() + ": " + found + " instead of " + value);
      }
    }
    System.out.println(SDK + " reads all " + expected.size());
  }

  static Class<?> typeOf(Object value) {
    if (value == null) {
      return Integer.class;
    }
    return value instanceof List ? List.class : value.getClass();
  }

  static Map<String, Object> fixtureOf(Payload payload) {
    Map<String, String> metadata = new HashMap<>();
    payload.getMetadataMap().forEach((key, value) -> metadata.put(key, value.toStringUtf8()));
    Map<String, Object> fixture = new LinkedHashMap<>();
    fixture.put("metadata", metadata);
    if (payload.getData().isValidUtf8()) {
      fixture.put("data", payload.getData().toStringUtf8());
    } else {
      fixture.put("base64", Base64.getEncoder().encodeToString(payload.getData().toByteArray()));
    }
    return fixture;
  }

  static Payload payloadOf(JsonNode fixture) {
    Payload.Builder payload = Payload.newBuilder();
    fixture
        .get("metadata")
        .fields()
        .forEachRemaining(
            it -> payload.putMetadata(it.getKey(), ByteString.copyFromUtf8(it.getValue().asText())));
    byte[] data =
        fixture.has("base64")
            ? Base64.getDecoder().decode(fixture.get("base64").asText())
            : fixture.get("data").asText().getBytes(StandardCharsets.UTF_8);
    return payload.setData(ByteString.copyFrom(data)).build();
  }
}
