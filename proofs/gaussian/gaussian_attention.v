(* Softmax attention over i.i.d. Gaussian tokens, N(m0, Gamma) on R^D with
   Gamma = A A^T (singular Gamma allowed).

   The token law: (T, mu) is any probability space that carries independent standard
   normal variables G_0, ..., G_{q-1}; a token is Y = m0 + A G.  Attention with tilt
   vector a and value matrix V averages V Y_l with weights e^{<a, Y_l>}.  With

     s2 = a^T Gamma a,   tau = tr(V Gamma V^T),   eta = |V Gamma a|^2

   the population value is V (m0 + Gamma a)       (T1, gaussian_population_attention)
   and the mean squared error at prompt length L is at most
     chernoff_bound(e^{s2}(tau+eta), tau+eta, e^{s2}; L, del)   (T4, gaussian_chernoff)
     laplace_bound(e^{s2}(tau+eta), e^{s2}, e^{s2}; L, th2, th4)  (T5, gaussian_laplace),
   and r_2 <= min(1, L e^{s2} I_2(L-1))                  (T5, gaussian_participation);
   the names in _splits state the same with one or two splits of each inverse moment.

     entries v                    the entries of a column vector as a sequence, 0 beyond
     gaussian_token               Y = m0 + A G
     gaussian_covariance          Gamma = A A^T
     attention_weight             w = e^{<a,Y>}
     value_coordinate i           coordinate i of V Y
     population_value i           coordinate i of V (m0 + Gamma a)
     value_deviation i            their difference
     score_s2, value_tau, value_eta   s2, tau and eta
     attention_output i           coordinate i of the attention output That over the prompt
     gaussian_laplace_splits, gaussian_participation_splits   gaussian_laplace and
                                  gaussian_participation, with a choice of splits *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence integration probability_measure.
From AttentionBounds.certificate Require Import bounds_definitions.
From AttentionBounds.chernoff Require Import chernoff_bound.
From AttentionBounds.laplace Require Import laplace_bound.
From AttentionBounds.gaussian Require Import standard_normal gaussian_moments.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* the entries of a column vector as a sequence *)
Definition entries q (v : 'cV[RR]_q) (j : nat) : R := if insub j is Some j' then v j' 0 else 0.

Lemma entriesE q (v : 'cV[RR]_q) (j : 'I_q) : entries v j = v j 0.
Proof. by rewrite /entries valK. Qed.

Section GaussianTokens.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (q D n : nat) (G : nat -> T -> RR).
Hypothesis HG : iid_with_law mu standard_normal q G.
Variables (m0 : 'cV[RR]_D) (A : 'M[RR]_(D, q)) (V : 'M[RR]_(n, D)) (a : 'cV[RR]_D).

Definition gaussian_token (t : T) : 'cV[RR]_D := m0 + A *m (\col_j G j t).
Definition gaussian_covariance : 'M[RR]_D := A *m A^T.
Definition attention_weight (t : T) : RR := rexp ((a^T *m gaussian_token t) 0 0).
Definition value_coordinate (i : 'I_n) (t : T) : RR := (V *m gaussian_token t) i 0.
Definition population_value (i : 'I_n) : RR := (V *m (m0 + gaussian_covariance *m a)) i 0.
Definition score_s2 : RR := (a^T *m gaussian_covariance *m a) 0 0.
Definition value_tau : RR := \tr (V *m gaussian_covariance *m V^T).
Definition value_eta : RR := \sum_(i < n) ((V *m gaussian_covariance *m a) i 0) ^+ 2.

Let b : 'cV[RR]_q := A^T *m a.
Let B : 'M[RR]_(n, q) := V *m A.
Let c : RR := (a^T *m m0) 0 0.
Let bs := entries b.
Let Bs (i : 'I_n) := entries (row i B)^T.
Let Emu := probability_expectation mu1.
Let PR : product_rule Emu (probability_expectation standard_normal_probability) G q :=
  iid_product_rule mu1 standard_normal_probability HG.

Lemma standard_normal_moments : normal_moments (probability_expectation standard_normal_probability).
Proof. exact: standard_normal_tilted. Qed.
Let normal := standard_normal_moments.

Let bE j : b j 0 = (a^T *m A) 0 j.
Proof. by have -> : b = (a^T *m A)^T; [rewrite trmx_mul trmxK|rewrite mxE]. Qed.

Lemma attention_weight_tilt t : attention_weight t = token_weight G q c bs t.
Proof.
rewrite /attention_weight /token_weight; congr (Rtrigo_def.exp _).
rewrite /gaussian_token mulmxDr mxE mulmxA -/c RplusE; congr (_ + _).
rewrite mxE rsumE; apply: eq_bigr => j _; rewrite /bs entriesE RmultE [X in _ * X]mxE; congr (_ * _).
by rewrite bE.
Qed.

Lemma value_deviation_form i t : value_coordinate i t - population_value i = token_deviation G q bs (Bs i) t.
Proof.
have -> : value_coordinate i t - population_value i = (B *m ((\col_j G j t) - b)) i 0.
  rewrite /value_coordinate /population_value /gaussian_token /gaussian_covariance /B /b.
  by rewrite mulmxBr !mulmxDr !mulmxA !mxE opprD addrACA subrr add0r.
rewrite mxE /token_deviation rsumE; apply: eq_bigr => j _.
by rewrite RmultE RminusE /bs /Bs !entriesE !mxE.
Qed.

Lemma score_s2_sum : score_variance q bs = score_s2 :> RR.
Proof.
rewrite /score_variance rsumE /score_s2 /gaussian_covariance !mulmxA -[_ *m A^T *m a]mulmxA -/b.
rewrite mxE; apply: eq_bigr => j _; rewrite /bs entriesE pow2E expr2; congr (_ * _).
by rewrite bE.
Qed.

Lemma value_tau_sum : \sum_(i < n) (rsum q (fun j => pow (Bs i j) 2) : RR) = value_tau.
Proof.
rewrite /value_tau /gaussian_covariance !mulmxA -/B -mulmxA -trmx_mul -/B /mxtrace.
apply: eq_bigr => i _; rewrite rsumE mxE; apply: eq_bigr => j _.
by rewrite /Bs entriesE !mxE pow2E expr2.
Qed.

Lemma value_eta_sum : \sum_(i < n) (pow (rsum q (fun j => Rmult (Bs i j) (bs j))) 2 : RR) = value_eta.
Proof.
rewrite /value_eta /gaussian_covariance; apply: eq_bigr => i _; rewrite pow2E; congr (_ ^+ 2).
rewrite rsumE !mulmxA -/B -mulmxA -/b mxE; apply: eq_bigr => j _.
by rewrite /Bs /bs !entriesE !mxE.
Qed.

Let deviation_squares : \sum_(i < n) (deviation_square q bs (Bs i) : RR) = value_tau + value_eta.
Proof. by rewrite -value_tau_sum -value_eta_sum -big_split. Qed.

Lemma attention_weight_gt0 t : 0 < attention_weight t.
Proof. exact: rexp_gt0. Qed.

Lemma attention_weight_mean : Pint mu attention_weight /\
  \int[mu]_t attention_weight t = rexp (c + score_s2 / 2%:R).
Proof.
have [I E] := @weight_mean T Emu _ G q PR normal c bs.
rewrite (funext attention_weight_tilt); split => //; rewrite -[LHS]/(Pmean mu _) [LHS]E score_s2_sum.
by rewrite RdivE' IZR2E.
Qed.

Lemma attention_weight_square : Pint mu (fun t => attention_weight t ^+ 2) /\
  \int[mu]_t (attention_weight t ^+ 2) = rexp (2%:R * c + 2%:R * score_s2).
Proof.
have [I E] := @weight_square_mean T Emu _ G q PR normal c bs.
have EQ : (fun t => attention_weight t ^+ 2) = (fun t => pow (token_weight G q c bs t) 2).
  by apply/funext => t; rewrite attention_weight_tilt -pow2E.
by rewrite EQ; split => //; rewrite -[LHS]/(Pmean mu _) [LHS]E score_s2_sum IZR2E.
Qed.

Lemma attention_weight_inverse : Pint mu (fun t => (attention_weight t)^-1) /\
  \int[mu]_t (attention_weight t)^-1 = rexp (- c + score_s2 / 2%:R).
Proof.
have [I E] := @weight_inverse_mean T Emu _ G q PR normal c bs.
have EQ : (fun t => (attention_weight t)^-1) = (fun t => Rinv (token_weight G q c bs t)).
  by apply/funext => t; rewrite attention_weight_tilt -RinvE'.
by rewrite EQ; split => //; rewrite -[LHS]/(Pmean mu _) [LHS]E score_s2_sum RdivE' IZR2E.
Qed.

Definition value_deviation (i : 'I_n) (t : T) : RR := value_coordinate i t - population_value i.

Lemma weighted_deviation i : Pint mu (fun t => attention_weight t * value_deviation i t) /\
  \int[mu]_t (attention_weight t * value_deviation i t) = 0.
Proof.
have [I E] := @weight_deviation_mean T Emu _ G q PR normal c bs (Bs i).
have EQ : (fun t => attention_weight t * value_deviation i t) =
    (fun t => Rmult (token_weight G q c bs t) (token_deviation G q bs (Bs i) t)).
  by apply/funext => t; rewrite attention_weight_tilt /value_deviation value_deviation_form.
by rewrite EQ; split => //; rewrite -[LHS]/(Pmean mu _) [LHS]E.
Qed.

Lemma weighted_deviation_square i :
  Pint mu (fun t => (attention_weight t * value_deviation i t) ^+ 2) /\
  \int[mu]_t ((attention_weight t * value_deviation i t) ^+ 2) =
    rexp (2%:R * c + 2%:R * score_s2) * deviation_square q bs (Bs i).
Proof.
have [I E] := @weight_deviation_square_mean T Emu _ G q PR normal c bs (Bs i).
have EQ : (fun t => (attention_weight t * value_deviation i t) ^+ 2) =
    (fun t => pow (Rmult (token_weight G q c bs t) (token_deviation G q bs (Bs i) t)) 2).
  by apply/funext => t; rewrite attention_weight_tilt /value_deviation value_deviation_form -pow2E.
by rewrite EQ; split => //; rewrite -[LHS]/(Pmean mu _) [LHS]E score_s2_sum IZR2E.
Qed.

Lemma deviation_square_integral i : Pint mu (fun t => value_deviation i t ^+ 2) /\
  \int[mu]_t (value_deviation i t ^+ 2) = deviation_square q bs (Bs i).
Proof.
have [I E] := @deviation_square_mean T Emu _ G q PR normal bs (Bs i).
have EQ : (fun t => value_deviation i t ^+ 2) = (fun t => pow (token_deviation G q bs (Bs i) t) 2).
  by apply/funext => t; rewrite /value_deviation value_deviation_form -pow2E.
by rewrite EQ; split => //; rewrite -[LHS]/(Pmean mu _) [LHS]E.
Qed.

Lemma measurable_attention_weight : measurable_fun setT attention_weight.
Proof. by apply: Pint_measurable; exact: (proj1 attention_weight_mean). Qed.

Lemma measurable_value_deviation i : measurable_fun setT (value_deviation i).
Proof.
rewrite (_ : value_deviation i = fun t => \sum_(j < q) (Bs i j : RR) * (G j t - (bs j : RR))).
  apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_q) t => (Bs i j : RR) * (G j t - (bs j : RR)))) => j.
  apply: measurable_funM; first exact: measurable_fun_cst.
  by apply: measurable_funB; [exact: (proj1 HG)|exact: measurable_fun_cst].
by apply/funext => t; rewrite /value_deviation value_deviation_form /token_deviation rsumE.
Qed.

(* ---- rho, kap, A2, F0 ---- *)

Let exp_split (x y : RR) : rexp (x + y) = rexp x * rexp y. Proof. exact: rexpD. Qed.
Let exp_neq0 (x : RR) : rexp x != 0. Proof. by rewrite gt_eqF// rexp_gt0. Qed.

Lemma gaussian_mass_square : (\int[mu]_t attention_weight t) ^+ 2 = rexp (2%:R * c + score_s2).
Proof.
rewrite (proj2 attention_weight_mean) expr2 -rexpD; congr (rexp _).
by rewrite addrACA -splitr mulr_natl mulr2n.
Qed.

Lemma gaussian_rho : tilted_rho mu attention_weight = rexp score_s2.
Proof.
rewrite /tilted_rho (proj2 attention_weight_square) gaussian_mass_square.
apply: canLR (mulfK (exp_neq0 _)) _; rewrite -rexpD; congr (rexp _).
by rewrite [2%:R * score_s2]mulr_natl mulr2n addrCA addrA.
Qed.

Lemma gaussian_kappa : tilted_kappa mu attention_weight = rexp score_s2.
Proof.
rewrite /tilted_kappa (proj2 attention_weight_mean) (proj2 attention_weight_inverse) -rexpD.
by congr (rexp _); rewrite addrACA subrr add0r -splitr.
Qed.

Lemma gaussian_A2 :
  (\sum_(i < n) \int[mu]_t ((attention_weight t * value_deviation i t) ^+ 2))
    / (\int[mu]_t attention_weight t) ^+ 2 = rexp score_s2 * (value_tau + value_eta).
Proof.
rewrite gaussian_mass_square (eq_bigr _ (fun i _ => proj2 (weighted_deviation_square i))).
rewrite -mulr_sumr deviation_squares mulrAC; congr (_ * _).
apply: canLR (mulfK (exp_neq0 _)) _; rewrite -rexpD; congr (rexp _).
by rewrite [2%:R * score_s2]mulr_natl mulr2n addrCA addrA.
Qed.

Lemma gaussian_F0 : \sum_(i < n) \int[mu]_t (value_deviation i t ^+ 2) = value_tau + value_eta.
Proof. by rewrite (eq_bigr _ (fun i _ => proj2 (deviation_square_integral i))). Qed.

(* T1: population attention of N(m0, Gamma) is V (m0 + Gamma a) *)
Theorem gaussian_population_attention i : Pint mu (fun t => attention_weight t * value_coordinate i t) /\
  (\int[mu]_t (attention_weight t * value_coordinate i t)) / (\int[mu]_t attention_weight t)
    = population_value i.
Proof.
have [I E] := weighted_deviation i; have [Iw _] := attention_weight_mean.
have EQ t : Rplus (Rmult (IZR 1) (attention_weight t * value_deviation i t))
    (Rmult (population_value i) (attention_weight t)) = attention_weight t * value_coordinate i t.
  rewrite Rmult_1_l -[LHS]/(attention_weight t * value_deviation i t + population_value i * attention_weight t).
  by rewrite /value_deviation mulrBr -[attention_weight t * population_value i]mulrC subrK.
split; first exact: Pint_ext EQ (Pint_lin (IZR 1) (population_value i) I Iw).
have := Pmean_lin (IZR 1) (population_value i) I Iw; rewrite (funext EQ).
rewrite -[LHS]/(\int[mu]_t (attention_weight t * value_coordinate i t)) => ->.
rewrite [Pmean _ (fun t => attention_weight t * _)]E Rmult_0_r Rplus_0_l RmultE.
by rewrite -[Pmean _ _]/(\int[mu]_t attention_weight t) mulfK// (proj2 attention_weight_mean).
Qed.

(* ---- the finite prompt ---- *)

Section Prompt.
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.

(* coordinate i of the attention output over the prompt *)
Definition attention_output (i : 'I_n) (o : Om) : RR :=
  weighted_mean L X attention_weight (value_coordinate i) o.

Lemma attention_output_deviation i o : (0 < L)%N ->
  attention_output i o - population_value i = weighted_mean L X attention_weight (value_deviation i) o.
Proof.
move=> L0; rewrite /attention_output /weighted_mean.
pose W := \sum_(j < L) attention_weight (X j o); rewrite -/W.
have w0 := attention_weight_gt0.
have W0 : W != 0.
  rewrite gt_eqF// /W (bigD1 (Ordinal L0))//= ltr_paddr//.
  by apply: sumr_ge0 => j _; exact/ltW.
have one : \sum_(j < L) attention_weight (X j o) / W = 1 by rewrite -mulr_suml mulfV.
rewrite -[population_value i]mul1r -one mulr_suml -sumrB; apply: eq_bigr => j _.
by rewrite -mulrBr.
Qed.

Let mean_square_error o := \sum_(i < n) (attention_output i o - population_value i) ^+ 2.

Let mean_square_errorE : (0 < L)%N -> (\int[P]_o (mean_square_error o)%:E =
  \int[P]_o (\sum_(i < n) (weighted_mean L X attention_weight (value_deviation i) o) ^+ 2)%:E)%E.
Proof.
move=> L0; apply: eq_integral => o _; congr EFin; apply: eq_bigr => i _.
by rewrite attention_output_deviation.
Qed.

Theorem gaussian_chernoff (delta : RR) : (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  (\int[P]_o (mean_square_error o)%:E
    <= (gaussian_chernoff_bound score_s2 value_tau value_eta L%:R delta : RR)%:E)%E.
Proof.
move=> L2 Hd; have L0 : (0 < L)%N by exact: ltnW.
rewrite (mean_square_errorE L0).
have := chernoff_mean_square P1 mu1 HX L2 Hd measurable_attention_weight measurable_value_deviation
  attention_weight_gt0 (proj1 attention_weight_square) (fun i => proj1 (deviation_square_integral i))
  (fun i => proj1 (weighted_deviation_square i)) (fun i => proj2 (weighted_deviation i)).
cbv zeta; rewrite gaussian_rho gaussian_A2 gaussian_F0.
rewrite /gaussian_chernoff_bound /chernoff_bound -INRE.
by rewrite -/(chernoff_abstract.chernoff_value L delta _ _ _) chernoff_valueE INRE.
Qed.

Theorem gaussian_laplace_splits (c2 c4 : splits) (th2 th4 : RR) :
  (6 <= L)%N -> 0 < th2 <= 1 -> 0 < th4 <= 1 ->
  (\int[P]_o (mean_square_error o)%:E
    <= (gaussian_general_laplace_split_bound c2 c4 score_s2 value_tau value_eta L%:R th2 th4 : RR)%:E)%E.
Proof.
move=> L6 H2 H4; have L0 : (0 < L)%N by exact: leq_trans L6.
rewrite (mean_square_errorE L0).
have := laplace_mean_square_splits P1 mu1 HX measurable_attention_weight attention_weight_gt0
  (proj1 attention_weight_square) (proj1 attention_weight_inverse) c2 c4 L6 H2 H4
  measurable_value_deviation
  (fun i => proj1 (weighted_deviation_square i)) (fun i => proj2 (weighted_deviation i)).
by cbv zeta; rewrite gaussian_rho gaussian_kappa gaussian_A2.
Qed.

Theorem gaussian_laplace (th2 th4 : RR) : (6 <= L)%N -> 0 < th2 <= 1 -> 0 < th4 <= 1 ->
  (\int[P]_o (mean_square_error o)%:E
    <= (gaussian_general_laplace_bound score_s2 value_tau value_eta L%:R th2 th4 : RR)%:E)%E.
Proof. exact: (gaussian_laplace_splits one_split one_split). Qed.

Let participation_ratio_mean := (\int[P]_o
  (\sum_(l < L) (attention_weight (X l o) / \sum_(j < L) attention_weight (X j o)) ^+ 2)%:E)%E.

Theorem gaussian_participation_splits (form : splits) (th : RR) : (3 <= L)%N -> 0 < th <= 1 ->
  (participation_ratio_mean
    <= (participation_split_bound form (rexp score_s2) (rexp score_s2) L%:R th : RR)%:E)%E.
Proof.
move=> L3 Hth.
have := participation_ratio_splits P1 mu1 HX measurable_attention_weight attention_weight_gt0
  (proj1 attention_weight_square) (proj1 attention_weight_inverse) form L3 Hth.
by rewrite gaussian_rho gaussian_kappa.
Qed.

Theorem gaussian_participation (th : RR) : (3 <= L)%N -> 0 < th <= 1 ->
  (participation_ratio_mean
    <= (participation_bound (rexp score_s2) (rexp score_s2) L%:R th : RR)%:E)%E.
Proof. exact: (gaussian_participation_splits one_split). Qed.
End Prompt.
End GaussianTokens.
