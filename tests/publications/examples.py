"""The bundled audit that each report is published of."""

EXAMPLES = {
    "benchmark": "kent-2018",
    "board_paper": "kent-board-2017",
    "data_quality": "kent-2017",
    "inspection": "kent-2017",
    "methods": "kent-2017",
    "monitoring": "example-police",
    "reinspection": "kent-2018",
    "sample_plan": "kent-2017",
}
FORMATS = ("html", "pdf", "docx", "tables")
