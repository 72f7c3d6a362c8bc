"""A run to hand on."""

from dataclasses import replace

from genlab.report.export.exported_run import ExportedRun, Point

RUN = ExportedRun(
    run_id="0123456789ab",
    name="a-0123456789ab",
    group="a",
    status="finished",
    started=1_700_000_000.0,
    parameters={"seed": 3, "data.name": "digits", "model.bias": True, "training.optimiser.learning_rate": 0.1},
    points=[
        Point(0, 0, 1_700_000_000.0, {"history/test_error": 0.9}),
        Point(5, 1, 1_700_000_002.0, {"history/test_error": 0.5, "timing/images_per_second": 100.0}),
    ],
    results={"final/test_error": 0.5, "measure/norm[p=2]": 2.5},
)
CHANGED = replace(RUN, results={"final/test_error": 0.25})
