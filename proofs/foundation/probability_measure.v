(* Probability measures as expectations, and i.i.d. tokens.

     Pint P f    f is integrable under P         Pmean P f   its expectation
     probability_expectation P1                  the abstract expectation of P
     iid_with_law P mu L X                       X_0, ..., X_{L-1} are i.i.d. with law mu
     iid_product_rule                            their product rule
     weighted_mean L X w f o                     sum_i p_i f(X_i(o)), p_i = w(X_i)/sum_j w(X_j)
     tilted_rho mu w                             rho = E w^2 / (E w)^2
     iid_exists                                  i.i.d. samples of every size exist for every
                                                 probability measure, so the theorems about
                                                 i.i.d. tokens are not vacuous *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From HB Require Import structures.
From AttentionBounds.foundation Require Import finite_sums self_normalised abstract_expectation independence integration.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section ProbabilityExpectation.
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.

Definition Pint (f : Om -> R) : Prop := P.-integrable setT (EFin \o (f : Om -> RR)).
Definition Pmean (f : Om -> R) : R := fine (\int[P]_o ((f o : RR)%:E)).

Lemma Pint_ext f g : (forall o, f o = g o) -> Pint f -> Pint g.
Proof. by move=> fg; have -> : f = g by apply/funext. Qed.

Lemma Pint_const (c : R) : Pint (fun=> c).
Proof.
rewrite /Pint (_ : EFin \o _ = cst (c : RR)%:E) //.
split; first exact: measurable_fun_cst.
rewrite (_ : (fun x => _) = cst (`|(c : RR)|%:E)%E); last by apply/funext.
by rewrite integral_cst // P1 mule1 ltey.
Qed.

Lemma Pint_lin (a b : R) f g : Pint f -> Pint g -> Pint (fun o => Rplus (Rmult a (f o)) (Rmult b (g o))).
Proof.
move=> If Ig.
have := integrableD measurableT (integrablerM measurableT (a : RR) If) (integrablerM measurableT (b : RR) Ig).
by apply: eq_integrable.
Qed.

Lemma Pint_pos f : Pint f -> Pint (fun o => Rmax (f o) 0).
Proof.
move=> If; have mf : measurable_fun setT (f : Om -> RR).
  by case: If => /EFin_measurable_fun.
have RmaxE o : Rmax (f o) 0 = Num.max (f o : RR) (0 : RR).
  rewrite /Rmax; case: Rle_dec => [/RleP h|/RleP h]; first by rewrite max_r.
  by rewrite max_l// ltW// ltNge.
apply: (@le_integrable _ _ _ P setT measurableT _ (EFin \o (f : Om -> RR))) => //.
  apply/EFin_measurable_fun.
  rewrite (_ : (fun o => Rmax _ _) = (f : Om -> RR) \max cst (0 : RR)).
    by apply: measurable_fun_max => //; exact: measurable_fun_cst.
  by apply/funext => o; rewrite RmaxE.
move=> o _ /=; rewrite lee_fin RmaxE.
by have [h|h] := leP (f o : RR) 0; rewrite ?normr0.
Qed.

Lemma Pmean_const (c : R) : Pmean (fun=> c) = c.
Proof. by rewrite /Pmean (integral_cst P measurableT (c:RR)%:E) P1 mule1. Qed.

Lemma Pmean_lin (a b : R) f g : Pint f -> Pint g ->
  Pmean (fun o => Rplus (Rmult a (f o)) (Rmult b (g o))) = Rplus (Rmult a (Pmean f)) (Rmult b (Pmean g)).
Proof.
move=> If Ig; rewrite /Pmean.
have -> : (\int[P]_o ((Rplus (Rmult a (f o)) (Rmult b (g o)) : RR)%:E) =
  (a:RR)%:E * (\int[P]_o (f o : RR)%:E) + (b:RR)%:E * (\int[P]_o (g o : RR)%:E))%E.
  rewrite -!integralM // -integralD //; exact: integrablerM.
have Ff := integral_fune_fin_num measurableT If.
have Fg := integral_fune_fin_num measurableT Ig.
by rewrite fineD ?fin_numM // !fineM.
Qed.

Lemma Pmean_mono f g : Pint f -> Pint g -> (forall o, Rle (f o) (g o)) -> Rle (Pmean f) (Pmean g).
Proof.
move=> If Ig fg.
have E := Pmean_lin (-1)%R 1%R If Ig.
suff : Rle 0 (Rplus (Rmult (-1)%R (Pmean f)) (Rmult 1%R (Pmean g))).
  by move=> /RleP; rewrite RplusE !RmultE mulN1r mul1r addrC subr_ge0 => /RleP.
rewrite -E; apply/RleP; rewrite /Pmean; apply: fine_ge0; apply: integral_ge0 => o _.
rewrite lee_fin RplusE !RmultE mulN1r mul1r addrC subr_ge0; exact/RleP.
Qed.

Definition probability_expectation : Expectation Om :=
  @Build_Expectation Om Pint Pmean Pint_ext Pint_const Pint_lin Pint_pos Pmean_const Pmean_lin Pmean_mono.
End ProbabilityExpectation.

Section IidTokens.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.

(* X_0, ..., X_{L-1} are i.i.d. with law mu: measurable, and
   P(X_i in A_i for all i < L) = prod_i mu(A_i) *)
Definition iid_with_law (L : nat) (X : nat -> Om -> T) : Prop :=
  (forall i, (i < L)%N -> measurable_fun setT (X i)) /\
  (forall A : nat -> set T, (forall i, measurable (A i)) ->
     P [set o | forall i, (i < L)%N -> A i (X i o)] = (\big[*%E/1%E]_(i < L) mu (A i))%E).

Lemma prob_fin_num A : measurable A -> mu A \is a fin_num.
Proof.
move=> mA; rewrite ge0_fin_numE //; apply: (@le_lt_trans _ _ (mu setT)); last by rewrite mu1 ltey.
by apply: le_measure; rewrite ?inE.
Qed.

Lemma Pint_indic A : measurable A -> Pint mu (\1_A : T -> RR).
Proof.
move=> mA; split; first exact/EFin_measurable_fun/measurable_fun_indic.
rewrite (eq_integral (fun x => (\1_A x : RR)%:E)) ?integral_indic ?setIT//.
  by rewrite -ge0_fin_numE ?prob_fin_num.
by move=> x _ /=; rewrite ger0_norm.
Qed.

Lemma Pmean_indic A : measurable A -> Pmean mu (\1_A : T -> RR) = fine (mu A).
Proof. by move=> mA; rewrite /Pmean integral_indic // setIT. Qed.

Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law L X.

Lemma iid_product_indic k : (k <= L)%N -> forall g : nat -> T -> RR,
  (forall i x, 0 <= g i x) -> (forall i, Pint mu (g i)) ->
  (forall i, (k <= i)%N -> exists A, measurable A /\ g i = \1_A) ->
  (\int[P]_o (\prod_(i < L) g i (X i o))%:E)%E = (\prod_(i < L) (Pmean mu (g i) : RR))%:E.
Proof.
case: HX => mX HA.
have mg (g : nat -> T -> RR) i : Pint mu (g i) -> measurable_fun setT (g i).
  by case=> /EFin_measurable_fun.
elim: k => [_ g g0 gI gA|k IH kL g g0 gI gA].
  have {gA} /choice[A gA] : forall i, exists A, measurable A /\ g i = \1_A by move=> i; exact: gA.
  pose E := [set o | forall i, (i < L)%N -> A i (X i o)].
  have mE : measurable E.
    rewrite (_ : E = \bigcap_(i in [set i | (i < L)%N]) (X i @^-1` A i))//.
    apply: bigcap_measurable => i /= iL.
    by rewrite -[_ @^-1` _]setTI; apply: mX => //; case: (gA i).
  transitivity (P E).
    rewrite -[E in RHS]setIT -integral_indic//; apply: eq_integral => o _; congr EFin.
    rewrite indicE; case: (boolP (o \in E)) => [|].
      rewrite inE => Eo; apply: big1 => i _; case: (gA i) => _ ->.
      by rewrite indicE mem_set //; exact: Eo.
    move=> /negP oE.
    have [i nA] : exists i : 'I_L, ~ A i (X i o).
      apply: contrapT => /forallNP nA; apply: oE; rewrite inE => i iL.
      by apply: contrapT; exact: (nA (Ordinal iL)).
    rewrite (bigD1 i)//=; case: (gA i) => _ ->; rewrite indicE memNset//.
    by rewrite mul0r.
  rewrite HA; last by move=> i; case: (gA i).
  rewrite (big_morph EFin EFinM erefl); apply: eq_bigr => i _.
  by case: (gA i) => mA ->; rewrite Pmean_indic// fineK// prob_fin_num.
pose K := Ordinal kL.
pose h o := \prod_(i < L | i != K) g i (X i o).
pose c : RR := \prod_(i < L | i != K) (Pmean mu (g i) : RR).
have split_prod (a : nat -> RR) : \prod_(i < L) a i = (\prod_(i < L | i != K) a i) * a k.
  by rewrite (bigD1 K)//= mulrC.
under eq_integral do rewrite (split_prod (fun i => g i (X i _))).
rewrite (split_prod (fun i => (Pmean mu (g i) : RR))) EFinM.
have gkE : ((Pmean mu (g k) : RR)%:E = \int[mu]_x (g k x)%:E)%E.
  by rewrite fineK //; exact: (integral_fune_fin_num measurableT (gI k)).
rewrite gkE; apply: (@weighted_pushforward _ _ _ _ _ P mu h (X k) c).
- apply: (@measurable_fun_prodr _ _ _ _ _ (fun i : 'I_L => g i \o X i)) => i.
  by apply: measurable_fun_comp; [exact/mg/gI|exact: mX].
- by move=> o; apply: prodr_ge0.
- exact: mX.
- by apply: prodr_ge0 => i _; apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin.
- move=> A mA.
  pose g' i := if i == k then \1_A else g i.
  have := IH (ltnW kL) g'.
  under eq_integral do rewrite (split_prod (fun i => g' i (X i _))).
  rewrite (split_prod (fun i => (Pmean mu (g' i) : RR))).
  have g'E (i : 'I_L) : i != K -> g' i = g i.
    by move=> iK; rewrite /g'; case: eqP => // ik; case/eqP: iK; exact/val_inj.
  have g'k : g' k = \1_A by rewrite /g' eqxx.
  rewrite g'k Pmean_indic// (eq_bigr (fun i : 'I_L => (Pmean mu (g i) : RR))); last first.
    by move=> i iK; rewrite g'E.
  rewrite -/c EFinM fineK ?prob_fin_num// => <-.
  + apply: eq_integral => o _; congr (EFin (_ * _)); apply: eq_bigr => i iK.
    by rewrite g'E.
  + by move=> i x; rewrite /g'; case: ifP.
  + by move=> i; rewrite /g'; case: ifP => _ //; exact: Pint_indic.
  + move=> i ki; rewrite /g'; case: eqP => [_|/eqP ik]; first by exists A.
    by apply: gA; rewrite ltn_neqAle eq_sym ik ki.
- exact/mg/gI.
- exact: g0.
Qed.
End IidTokens.

Section IidExpectation.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Let EP := probability_expectation P1.
Let Emu := probability_expectation mu1.

Lemma iid_product_rule : product_rule EP Emu X L.
Proof.
case: (HX) => mX _ g g0 gI.
have g0' i x : 0 <= (g i x : RR) by apply/RleP.
have gI' i : Pint mu (g i) by exact: gI.
have H := @iid_product_indic _ _ _ _ P mu mu1 L X HX L (leqnn L) (fun i => if (i < L)%N then g i else (\1_setT : T -> RR)).
have {}H : (\int[P]_o (rprod L (fun i => g i (X i o)) : RR)%:E)%E =
           (rprod L (fun i => Pmean mu (g i)) : RR)%:E.
  rewrite !rprodE; under eq_integral do rewrite rprodE.
  have E1 (i : 'I_L) : (if (i < L)%N then g i else (\1_setT : T -> RR)) = g i by rewrite ltn_ord.
  move: H; under eq_integral => o _.
    under eq_bigr do rewrite E1. over.
  under [in X in _ = X]eq_bigr do rewrite E1.
  apply.
  - by move=> i x; case: ifP.
  - by move=> i; case: ifP => // _; exact: Pint_indic.
  - by move=> i Li; exists setT; rewrite ltnNge Li.
split; last by rewrite /= /Pmean H.
split.
  apply/EFin_measurable_fun.
  rewrite (_ : (fun o => _) = fun o => \prod_(i < L) (g i (X i o) : RR)); last first.
    by apply/funext => o; rewrite rprodE.
  apply: (@measurable_fun_prodr _ _ _ _ _ (fun i : 'I_L => (g i : T -> RR) \o X i)) => i.
  apply: measurable_fun_comp; last exact: mX.
  by case: (gI' i) => /EFin_measurable_fun.
rewrite (eq_integral (fun o => (rprod L (fun i => g i (X i o)) : RR)%:E)).
  by rewrite H ltey.
by move=> o _ /=; rewrite rprodE ger0_norm// prodr_ge0.
Qed.

(* E f for an integrable f, as an extended-real integral. *)
Lemma Pmean_integral (f : Om -> RR) : Pint P f -> (\int[P]_o (f o)%:E = (Pmean P f : RR)%:E)%E.
Proof. by move=> If; rewrite /Pmean fineK //; exact: (integral_fune_fin_num measurableT If). Qed.
End IidExpectation.
Arguments iid_product_rule {d d' Om T P mu} P1 mu1 {L X} HX.

(* ---- integrability by domination on a probability space ---- *)

Section Domination.
Context d (T : measurableType d) (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.

Lemma Pint_measurable (f : T -> RR) : Pint mu f -> measurable_fun setT f.
Proof. by case=> /EFin_measurable_fun. Qed.

(* |g| <= c + |h| with h integrable *)
Lemma Pint_dominated (c : RR) (g h : T -> RR) : measurable_fun setT g -> Pint mu h ->
  (forall x, `|g x| <= c + h x) -> Pint mu g.
Proof.
move=> mg Ih gh.
apply: (@le_integrable _ _ _ mu setT measurableT (EFin \o g) (fun x => (c + h x)%:E)).
- exact/EFin_measurable_fun.
- by move=> x _ /=; rewrite lee_fin (le_trans (gh x))// ler_norm.
- have := integrableD measurableT (Pint_const mu1 c) Ih.
  by apply: eq_integrable.
Qed.

Lemma Pint_bounded (c : RR) (g : T -> RR) : measurable_fun setT g ->
  (forall x, `|g x| <= c) -> Pint mu g.
Proof.
move=> mg gc; apply: (@Pint_dominated c g (cst 0)) => //; first exact: (Pint_const mu1 0).
by move=> x; rewrite addr0.
Qed.

Lemma norm_le_1_plus_sq (y : RR) : `|y| <= 1 + y ^+ 2.
Proof.
rewrite -real_normK ?num_real//; have [y1|/ltW y1] := leP `|y| 1.
  by rewrite (le_trans y1)// ler_addl sqr_ge0.
by rewrite (@le_trans _ _ (`|y| ^+ 2))// ?ler_addr// expr2 ler_pmull// (lt_le_trans ltr01).
Qed.

(* A finite second moment gives a finite first moment. *)
Lemma Pint_of_sq (g : T -> RR) : measurable_fun setT g -> Pint mu (fun x => g x ^+ 2) -> Pint mu g.
Proof. by move=> mg Ig; apply: (@Pint_dominated 1 g _ mg Ig) => x; exact: norm_le_1_plus_sq. Qed.

(* A strictly positive integrable function has strictly positive mean. *)
Lemma Pmean_gt0 (w : T -> RR) : Pint mu w -> (forall x, 0 < w x) -> (0 : RR) < Pmean mu w.
Proof.
move=> Iw w0.
have Z0 : (0 : RR) <= Pmean mu w by apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin ltW.
rewrite lt_neqAle Z0 andbT; apply/eqP => ZE.
have intw : (\int[mu]_x `|(w x)%:E| = 0)%E.
  rewrite (eq_integral (fun x => (w x)%:E)); last first.
    by move=> x _; rewrite gee0_abs// lee_fin ltW.
  by rewrite (Pmean_integral Iw) -ZE.
have : ae_eq mu setT (EFin \o w) (cst 0%E).
  by apply/(ae_eq_integral_abs mu measurableT) => //; case: Iw.
case=> N [mN N0 wN].
have : N = setT.
  rewrite -subTset => x _; apply: wN => /= /(_ I) [] wx.
  by have := w0 x; rewrite wx ltxx.
by move=> NT; have := mu1; rewrite -NT N0 => /eqP; rewrite lt_eqF// lte01.
Qed.

(* e^{-tw} is integrable for w > 0 and t >= 0: it lies between 0 and 1. *)
Lemma Pint_laplace (w : T -> RR) : measurable_fun setT w -> (forall x, 0 < w x) ->
  forall t, Rle 0 t -> Pint mu (fun x => Rtrigo_def.exp (Rmult (Ropp t) (w x))).
Proof.
move=> mw w0 t /RleP t0; apply: (@Pint_bounded 1).
  apply: (measurable_fun_comp measurable_fun_exp).
  exact: (measurable_funrM (- t : RR) mw).
move=> x; rewrite ger0_norm; last by apply/RleP/Rlt_le/exp_pos.
rewrite -expR0; apply/RleP; have : Rle (Rmult (Ropp t) (w x)) 0.
  by apply/RleP; rewrite RmultE RoppE mulNr oppr_le0 mulr_ge0// ltW.
case=> [h|->]; [by left; apply: exp_increasing|by right].
Qed.
End Domination.

(* ---- softmax averages of tokens ---- *)

Section WeightedMean.
Context d d' (Om : measurableType d) (T : measurableType d').

(* sum_i p_i f(X_i),  p_i = w(X_i) / (w(X_0) + ... + w(X_{L-1})) *)
Definition weighted_mean (L : nat) (X : nat -> Om -> T) (w f : T -> RR) (o : Om) : RR :=
  \sum_(i < L) w (X i o) / (\sum_(j < L) w (X j o)) * f (X i o).

Lemma weighted_meanE L X w f o : weighted_mean L X w f o =
  self_normalised L (fun i => w (X i o)) (fun i => f (X i o)).
Proof. by rewrite self_normalisedE. Qed.

Variables (L : nat) (X : nat -> Om -> T) (w : T -> RR).
Hypothesis L_pos : (0 < L)%N.
Hypothesis mX : forall i, (i < L)%N -> measurable_fun setT (X i).
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.

Lemma measurable_weighted_mean (f : T -> RR) : measurable_fun setT f ->
  measurable_fun setT (weighted_mean L X w f).
Proof.
move=> mf.
have mwX i : (i < L)%N -> measurable_fun setT (fun o => w (X i o)).
  by move=> iL; apply: (measurable_fun_comp mw (mX iL)).
apply: (@measurable_fun_sumr _ _ _ _ (fun (i : 'I_L) o => w (X i o) / (\sum_(j < L) w (X j o)) * f (X i o))) => i.
apply: measurable_funM; last by apply: (measurable_fun_comp mf); exact: mX.
apply: measurable_funM; first exact: mwX.
apply: measurable_fun_invr_pos.
  by apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_L) o => w (X j o))) => j; exact: mwX.
move=> o; rewrite (bigD1 (Ordinal L_pos))//= ltr_paddr//.
by apply: sumr_ge0 => j _; exact/ltW.
Qed.
End WeightedMean.

(* rho = E w^2 / (E w)^2, one plus the chi-square divergence of the tilted law *)
Definition tilted_rho d (T : measurableType d) (mu : {measure set T -> \bar RR}) (w : T -> RR) : RR :=
  (\int[mu]_x (w x ^+ 2)) / (\int[mu]_x w x) ^+ 2.

Section Existence.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.

Lemma probability_sigma_finite d (Om : measurableType d) (P : {measure set Om -> \bar RR}) :
  P setT = 1%E -> sigma_finite setT P.
Proof.
move=> P1; exists (fun=> setT); first by rewrite bigcup_const //; exists 0%N.
by move=> _; split => //; rewrite P1 ltey.
Qed.

Theorem iid_exists (L : nat) : exists d (Om : measurableType d) (P : {measure set Om -> \bar RR})
  (X : nat -> Om -> T), P setT = 1%E /\ iid_with_law P mu L X.
Proof.
elim: L => [|L [d [Om [P [X [P1 [mX HX]]]]]]].
  exists d', T, mu, (fun _ => id); split => //; split => // A mA.
  by rewrite big_ord0 -mu1; congr (mu _); rewrite predeqE => x; split.
have sf := probability_sigma_finite mu1.
pose P' := [the measure _ _ of product_measure1 P sf].
pose X' (i : nat) (o : [the measurableType _ of (Om * T)%type]) := if i == L then o.2 else X i o.1.
exists _, [the measurableType _ of (Om * T)%type], P', X'; split.
  by rewrite -setMTT [LHS]product_measure1E// P1 mu1 mule1.
split.
  move=> i iL; rewrite /X'; case: (eqVneq i L) => [_|iNL]; first exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).2.
  apply: (@measurable_fun_comp _ _ _ _ _ _ (X i)); last exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).1.
  by apply: mX; rewrite ltn_neqAle iNL -ltnS.
move=> A mA; rewrite big_ord_recr /= -HX//.
have mE : measurable [set o | forall i, (i < L)%N -> A i (X i o)].
  rewrite (_ : [set o | _] = \bigcap_(i in [set i | (i < L)%N]) (X i @^-1` A i))//.
  apply: bigcap_measurable => i /= iL.
  by rewrite -[_ @^-1` _]setTI; apply: mX.
rewrite -product_measure1E//; congr (product_measure1 _ _ _).
rewrite predeqE => -[o x]; split => /= [H|[H1 H2] i].
  split=> [i iL|]; last by have := H L (ltnSn L); rewrite /X' eqxx.
  by have := H i (ltnW iL); rewrite /X' ltn_eqF.
rewrite ltnS leq_eqVlt /X'; have [->//|_ /= iL] := eqVneq i L.
exact: H1.
Qed.
End Existence.
